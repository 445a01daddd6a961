"""Packages made in milliseconds without a build back end: valid ones, and the parts to make bad ones of."""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zstandard

from ci_tools.core.package import ArchiveFormat, Subdir

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MACHINES = {"64": "x86_64", "32": "x86"}
METADATA = b'{"conda_pkg_format_version": 2}'
FILES = {"share/x": b"x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of a tar archive. `kind` is a tarfile type; `target` is where a link leads."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    mode: int = 0o644


def make_package(  # noqa: PLR0917 (the order is agreed between all tests)
    folder: Path, name: str, version: str = "1.0", build: str = "0", build_number: int = 0,
    subdir: Subdir = Subdir.NOARCH, depends: Iterable[str] = (), files: Mapping[str, bytes] = FILES,
    run_exports: Mapping[str, list[str]] | None = None, format: ArchiveFormat = ArchiveFormat.CONDA,  # noqa: A002 (as Filename calls it)
    about: Mapping[str, Any] | None = None, hash_input: Mapping[str, Any] | None = None, **index: Any,
) -> Path:  # fmt: skip
    """A valid package in `folder/<subdir>`; equal arguments give equal bytes.

    `index` overrides or adds fields of index.json; the value `...` leaves a field out. Files in bin/ are executable.
    """
    fields = {
        "name": name, "version": version, "build": build, "build_number": build_number, "depends": list(depends),
        "subdir": subdir.value, **machine(subdir), **index,
    }  # fmt: skip
    told = {"index.json": {k: v for k, v in fields.items() if v is not ...}, "about.json": dict(about or {})}
    if run_exports is not None:
        told["run_exports.json"] = dict(run_exports)
    if hash_input is not None:
        told["hash_input.json"] = dict(hash_input)
    path = folder / subdir / f"{name}-{version}-{build}{format.value}"
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = tuple(Member(name=at, data=data, mode=mode(at)) for at, data in sorted(files.items()))
    path.write_bytes(archive(path.name, info_members(told, contents), contents))
    return path


def machine(subdir: Subdir) -> dict[str, str | None]:
    """The fields of index.json that repeat the subdir."""
    if subdir is Subdir.NOARCH:
        return {"arch": None, "platform": None, "noarch": "generic"}
    platform, _, arch = subdir.partition("-")
    return {"arch": MACHINES.get(arch, arch), "platform": platform}


def mode(path: str) -> int:
    return 0o755 if path.startswith(("bin/", "python-scripts/")) else 0o644


def info_members(told: Mapping[str, Any], contents: Iterable[Member]) -> tuple[Member, ...]:
    """The info folder of a package: what is told of it, and the list of what is in it."""
    paths = [
        {
            "_path": member.name, "path_type": "hardlink", "sha256": hashlib.sha256(member.data).hexdigest(),
            "size_in_bytes": len(member.data),
        }
        for member in contents
    ]  # fmt: skip
    documents = {**told, "paths.json": {"paths": paths, "paths_version": 1}}
    files = "".join(f"{entry['_path']}\n" for entry in paths).encode()
    return (
        *(Member(name=f"info/{name}", data=as_json(value)) for name, value in sorted(documents.items())),
        Member(name="info/files", data=files),
    )


def as_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def archive(filename: str, info: Iterable[Member], contents: Iterable[Member]) -> bytes:
    """A package's bytes, in the format that its file name asks for."""
    if filename.endswith(".tar.bz2"):
        return bz2.compress(tar((*contents, *info)))
    stem = filename.removesuffix(".conda")
    return conda({
        "metadata.json": METADATA,
        f"pkg-{stem}.tar.zst": zst(tar(contents)),
        f"info-{stem}.tar.zst": zst(tar(info)),
    })  # fmt: skip


def conda(components: Mapping[str, bytes] | Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """The outer zip of a .conda; pairs allow a name to come twice."""
    pairs = components.items() if hasattr(components, "items") else components
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as outer:
        for name, data in pairs:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = method
            outer.writestr(entry, data)
    return buffer.getvalue()


def tar(members: Iterable[Member]) -> bytes:
    """A tar archive with nothing in it that changes from run to run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as out:
        for member in members:
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.linkname, entry.mode = member.kind, member.target, member.mode
            entry.size = len(member.data) if member.kind == tarfile.REGTYPE else 0
            out.addfile(entry, io.BytesIO(member.data) if entry.size else None)
    return buffer.getvalue()


def zst(data: bytes, level: int = 3) -> bytes:
    return zstandard.ZstdCompressor(level=level).compress(data)
