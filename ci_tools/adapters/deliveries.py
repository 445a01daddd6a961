"""Reading what build jobs left behind: folders with a build.json, on a laptop or unpacked from CI artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools import documents
from ci_tools.core.handover import Delivery
from ci_tools.core.package import ArchiveFormat
from ci_tools.core.plan import BuildReport
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BUILD_REPORT = "build.json"
LARGEST_REPORT = 64 << 20


def deliveries(folders: Iterable[Path]) -> tuple[Delivery, ...]:
    """Every job's folder at or directly below `folders`; UsageError where one holds something else. Empty is fine."""
    return tuple(delivery for folder in folders for delivery in _below(folder))


def _below(folder: Path) -> Iterator[Delivery]:
    roots = [folder, *sorted(path for path in folder.glob("*") if path.is_dir() and not path.is_symlink())]
    found = [root for root in roots if (root / BUILD_REPORT).is_file()]
    if not found and any(folder.iterdir()):
        raise UsageError(f"`{folder}` holds no {BUILD_REPORT}", hint="name the folder that `channel build` wrote to")
    for root in found:
        yield Delivery(root=root, report=_report(root / BUILD_REPORT), packages=tuple(_packages(root)))


def _report(path: Path) -> BuildReport:
    if path.is_symlink() or path.stat().st_size > LARGEST_REPORT:
        raise UsageError(f"`{path}` is a link or longer than {LARGEST_REPORT >> 20} MiB")
    return documents.read(BuildReport, path.read_bytes(), str(path))


def _packages(root: Path) -> Iterator[str]:
    """Plain files one folder down that look like packages; links are not followed, for they can lead anywhere."""
    for path in sorted(root.glob("*/*")):
        plain = path.is_file() and not path.is_symlink() and not path.parent.is_symlink()
        if plain and path.name.endswith(tuple(ArchiveFormat)):
            yield path.relative_to(root).as_posix()
