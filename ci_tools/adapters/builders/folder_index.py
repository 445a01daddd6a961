"""The index of a channel that is a folder and grows package by package, for programs that resolve against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core import layout
from ci_tools.core.canonical import canonical_json
from ci_tools.core.package import ArchiveFormat, Subdir
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = {ArchiveFormat.CONDA: "packages.conda", ArchiveFormat.TAR_BZ2: "packages"}


def index(channel: Path) -> None:
    """Write the repodata.json of every subdir that is there, and of noarch (CEP 26), from the packages in it."""
    (channel / Subdir.NOARCH).mkdir(parents=True, exist_ok=True)
    for subdir in Subdir:
        if (channel / subdir).is_dir():
            (channel / subdir / layout.REPODATA).write_bytes(canonical_json(_repodata(channel / subdir, subdir)))


def _repodata(folder: Path, subdir: Subdir) -> dict[str, object]:
    said: dict[str, dict[str, object]] = {section: {} for section in SECTIONS.values()}
    reader = ArchiveReader()
    for path in sorted(folder.iterdir()):
        if path.name.endswith(tuple(ArchiveFormat)) and not path.is_symlink():
            try:
                artifact = reader.read(path, subdir)
            except PackageError:
                continue  # nothing that can be installed
            said[SECTIONS[artifact.filename.format]][path.name] = artifact.record.to_json()
    return {"info": {"subdir": subdir}, **said, "repodata_version": 1}
