"""The index of a channel that is a folder and grows package by package, for programs that resolve against it."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core import layout
from ci_tools.core.canonical import canonical_json
from ci_tools.core.package import ArchiveFormat, Filename, Subdir
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = {ArchiveFormat.CONDA: "packages.conda", ArchiveFormat.TAR_BZ2: "packages"}


def index(channel: Path) -> None:
    """Write the repodata.json of every subdir that is there, and of noarch (CEP 26), from the packages in it."""
    (channel / Subdir.NOARCH).mkdir(parents=True, exist_ok=True)
    for subdir in Subdir:
        if (channel / subdir).is_dir():
            final = channel / subdir / layout.REPODATA
            beside = final.with_name(f".{final.name}.{threading.get_ident()}")
            beside.write_bytes(canonical_json(_repodata(channel / subdir, subdir)))
            beside.replace(final)


def _repodata(folder: Path, subdir: Subdir) -> dict[str, object]:
    said: dict[str, dict[str, object]] = {section: {} for section in SECTIONS.values()}
    for path in sorted(folder.iterdir()):
        if path.name.endswith(tuple(ArchiveFormat)) and not path.is_symlink():
            status = path.stat()
            if record := _record(path, subdir, (status.st_ino, status.st_size, status.st_mtime_ns)):
                said[SECTIONS[Filename.parse(path.name).format]][path.name] = record
    return {"info": {"subdir": subdir}, **said, "repodata_version": 1}


@lru_cache(maxsize=4096)
def _record(path: Path, subdir: Subdir, _: tuple[int, ...]) -> dict[str, object] | None:
    """The record of a package, read once for each state of its file; None where it cannot be installed."""
    try:
        return ArchiveReader().read(path, subdir).record.to_json()
    except PackageError:
        return None
