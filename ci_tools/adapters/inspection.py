"""Looking through a whole package for its report: bounded as `archives` is, nothing is written anywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.archives import BROKEN, ArchiveReader
from ci_tools.adapters.unpacking import Limits, Unpacker
from ci_tools.core.about import PATHS
from ci_tools.core.elf import linking
from ci_tools.core.members import Kind, checked_members
from ci_tools.core.package import ArchiveFormat
from ci_tools.core.package_report import PackageReport
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.core.elf import Linking
    from ci_tools.core.members import Member
    from ci_tools.core.package import Subdir

LARGEST = 256 << 20  # bytes of a file that is read whole; a larger one counts by its place alone
LICENSES = "info/licenses/"


class _Everything(Mapping[str, bool]):
    """Every path is wanted, and left out where it is too large."""

    def __getitem__(self, _: str) -> bool:
        return False

    def __contains__(self, _: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def inspected(path: Path, subdir: Subdir) -> PackageReport:
    """The report of the package at `path`. PackageError where it is none."""
    artifact = ArchiveReader().read(path, subdir)
    files: dict[str, str] = {}
    licenses: list[str] = []
    links: dict[str, Linking] = {}
    listed = b""
    for member in _members(path, artifact.filename.format is ArchiveFormat.CONDA):
        if member.path == PATHS:
            listed = member.content
        elif member.path.startswith(LICENSES) and member.kind is Kind.FILE:
            licenses.append(member.path.removeprefix(LICENSES))
        elif not member.path.startswith("info/") and member.kind is not Kind.FOLDER:
            files[member.path] = member.target or hashlib.sha256(member.content).hexdigest()
            if found := linking(member.content):
                links[member.path] = found
    sonames = {name: found.soname for name, found in sorted(links.items()) if found.soname}
    own = {*sonames.values(), *(name.rpartition("/")[2] for name in files)}
    needed = {soname for found in links.values() for soname in found.needed}
    return PackageReport(
        filename=artifact.filename, subdir=subdir, size=artifact.record.size, files=files,
        depends=artifact.record.depends, constrains=artifact.record.constrains, run_exports=artifact.run_exports,
        licenses=tuple(sorted(licenses)), sonames=sonames, linked=tuple(sorted(needed - own)),
        prefixes=_prefixes(listed),
    )  # fmt: skip


def _members(path: Path, is_conda: bool) -> Iterator[Member]:  # noqa: FBT001 (the format)
    unpacker = Unpacker(limits=Limits(document=LARGEST), wanted=_Everything())
    with path.open("rb") as file:
        size = path.stat().st_size
        stem = path.name.removesuffix(ArchiveFormat.CONDA)
        try:
            yield from checked_members(unpacker.conda(file, size, stem) if is_conda else unpacker.tar_bz2(file, size))
        except BROKEN as exc:
            raise PackageError(f"{path.name} is no package", hint="build it again", detail=str(exc)) from exc


def _prefixes(body: bytes) -> dict[str, str]:
    """Path -> how the prefix is written into it, of info/paths.json."""
    try:
        said: Any = json.loads(body or b"{}")
        entries = said.get("paths", [])
        return {str(e["_path"]): str(e["file_mode"]) for e in entries if e.get("prefix_placeholder")}
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}
