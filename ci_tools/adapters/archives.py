"""Looking into a package file that nobody has vouched for."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import struct
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import zstandard
from rattler import MatchSpec
from rattler.exceptions import InvalidMatchSpecError

from ci_tools.adapters.ranged import RangedFile
from ci_tools.adapters.unpacking import ROUND, Limits, Unpacker
from ci_tools.core.about import ABOUT, PATHS, paths_of, read_about, traits_of
from ci_tools.core.index_json import INDEX, RUN_EXPORTS, read_record, read_run_exports
from ci_tools.core.members import checked_members
from ci_tools.core.package import ArchiveFormat, Artifact, Filename, Imprint, PackageRecord, Subdir
from ci_tools.errors import PackageError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_tools.core.members import Member
    from ci_tools.ports.sources import Fetch

WANTED = {INDEX: True, RUN_EXPORTS: True, ABOUT: True, PATHS: False}
RECEIVED = "channel-received-"  # the folders of packages that came in chunks
# What the archive libraries raise for bytes that are no archive, or one that is broken.
BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError, EOFError, ValueError, NotImplementedError, RuntimeError,
    OSError, struct.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReader:
    """Reads packages without unpacking them anywhere; memory does not grow with the package."""

    limits: Limits = field(default_factory=Limits)

    def read(self, path: Path, subdir: Subdir) -> Artifact:
        try:
            return self._read(path, subdir)
        except PackageError as exc:
            raise PackageError(*_named(exc.problems, f"{subdir}/{path.name}")) from exc

    def receive(self, chunks: Iterable[bytes], filename: Filename, subdir: Subdir) -> Artifact:
        path = Path(tempfile.mkdtemp(prefix=RECEIVED)) / str(filename)
        atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
        with path.open("wb") as file:
            file.writelines(chunks)
        return self.read(path, subdir)

    def discard(self, artifact: Artifact) -> None:
        if artifact.path.parent.name.startswith(RECEIVED):
            shutil.rmtree(artifact.path.parent, ignore_errors=True)

    def glance(self, fetch: Fetch, filename: Filename, subdir: Subdir, imprint: Imprint) -> Artifact:
        try:
            file = cast("IO[bytes]", RangedFile(fetch, imprint.size))
            inside = self._inside(self._told(file, filename, imprint.size), filename)
            return _artifact(inside, Path(str(filename)), subdir, imprint)
        except PackageError as exc:
            raise PackageError(*_named(exc.problems, f"{subdir}/{filename}")) from exc

    def _read(self, path: Path, subdir: Subdir) -> Artifact:
        filename = Filename.parse(path.name)
        with _opened(path) as file:
            before = os.fstat(file.fileno())
            imprint = Imprint(size=before.st_size, **_digests(file))
            file.seek(0)
            inside = self._inside(checked_members(self._members(file, filename, before.st_size)), filename)
            if _identity(os.fstat(file.fileno())) != _identity(before):
                raise PackageError("it changed while it was read", hint="try again when nobody writes to it")
        return _artifact(inside, path, subdir, imprint)

    def _members(self, file: IO[bytes], filename: Filename, size: int) -> Iterator[Member]:
        unpacker = Unpacker(limits=self.limits, wanted=WANTED)
        if filename.format is ArchiveFormat.CONDA:
            return unpacker.conda(file, size, str(filename.dist))
        return unpacker.tar_bz2(file, size)

    def _told(self, file: IO[bytes], filename: Filename, size: int) -> Iterator[Member]:
        """The members of info/ alone. A .tar.bz2 is read up to the end of its first run of them."""
        if filename.format is ArchiveFormat.CONDA:
            yield from Unpacker(limits=self.limits, wanted=WANTED).conda(file, size, str(filename.dist), ("info",))
            return
        seen = False
        for member in self._members(file, filename, size):
            inside = member.path.split("/")[0] == "info"
            if seen and not inside:
                return
            seen = seen or member.path == INDEX
            if inside:
                yield member

    def _inside(self, members: Iterable[Member], filename: Filename) -> _Inside:
        try:
            inside = _gathered(members, filename.dist.name)
        except BROKEN as exc:
            what = "it is truncated, or no package"
            raise PackageError(
                what, hint="build it again, or copy it again", detail=f"{type(exc).__name__}: {exc}"
            ) from exc
        if INDEX not in inside.documents:
            raise PackageError(f"it has no {INDEX}", hint="this is no conda package (CEP 34)")
        return inside


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    documents: dict[str, bytes]
    traits: frozenset[str]


def _artifact(inside: _Inside, path: Path, subdir: Subdir, imprint: Imprint) -> Artifact:
    filename = Filename.parse(path.name)
    documents = inside.documents
    record = read_record(documents[INDEX], size=imprint.size, md5=imprint.md5, sha256=imprint.sha256)
    _check_place(record, filename, subdir)
    _check_specs(record)
    listed = (traits_of(filename.dist.name, path, {}) for path in paths_of(documents.get(PATHS, b"")))
    return Artifact(
        filename=filename,
        path=path,
        record=record,
        run_exports=read_run_exports(documents.get(RUN_EXPORTS, b"{}")),
        about=read_about(documents.get(ABOUT, b"{}"), inside.traits.union(*listed)),
    )


def _gathered(members: Iterable[Member], name: str) -> _Inside:
    documents: dict[str, bytes] = {}
    traits: frozenset[str] = frozenset()
    for member in members:
        if member.path in WANTED:
            documents[member.path] = member.content
        traits |= traits_of(name, member.path, documents)
    return _Inside(documents=documents, traits=traits)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as exc:
        raise PackageError(
            "it cannot be read", hint="is it there, and may this user read it?", detail=str(exc)
        ) from exc


def _digests(file: IO[bytes]) -> dict[str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for chunk in _chunks(file):
        md5.update(chunk)
        sha256.update(chunk)
    return {"md5": md5.hexdigest(), "sha256": sha256.hexdigest()}


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(ROUND):
        yield chunk


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _check_place(record: PackageRecord, filename: Filename, subdir: Subdir) -> None:
    if record.dist != filename.dist:
        raise PackageError(f"it is `{record.dist}` inside", hint="a package keeps the name it was built with")
    if record.subdir != subdir:
        raise PackageError(f"it is for {record.subdir}, not {subdir}", hint=f"it belongs in {record.subdir}/")


def _check_specs(record: PackageRecord) -> None:
    """One spec that clients cannot read makes the whole index unreadable for them."""
    problems = [
        Problem(
            message=f"{INDEX}: `{spec}` is not a match spec", hint="CEP 29 says how they are written", detail=because
        )
        for spec in (*record.depends, *record.constrains)
        if (because := _trouble(spec))
    ]
    if problems:
        raise PackageError(*problems)


def _trouble(spec: str) -> str:
    try:
        MatchSpec(spec)
    except InvalidMatchSpecError as exc:
        return str(exc)
    return ""


def _named(problems: Iterable[Problem], name: str) -> Iterator[Problem]:
    for problem in problems:
        yield Problem(message=f"`{name}`: {problem}", hint=problem.hint, detail=problem.detail)
