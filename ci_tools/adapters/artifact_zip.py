"""Unpacking an artifact that nobody vouches for: plain files below one folder, and no more bytes than were allowed."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

from ci_tools.core.layout import checked_key
from ci_tools.errors import StoreError, TrustError

if TYPE_CHECKING:
    from pathlib import Path

MOST_FILES = 20_000
CHUNK = 1 << 20


def unpacked(archive: Path, to: Path, limit: int) -> tuple[Path, ...]:
    """Write every file of the zip at `archive` below `to`, which is made; TrustError where it is not an honest one."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _require_honest(entries, limit)
            to.mkdir(parents=True, exist_ok=True)
            left = limit
            found = []
            for entry in entries:
                path = to / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                left -= _copied(opened, entry, path, left)
                found.append(path)
            return tuple(found)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError) as exc:
        raise TrustError(
            f"`{archive.name}` is not a zip that can be read", hint="look at its run", detail=str(exc)
        ) from exc


def _require_honest(entries: list[zipfile.ZipInfo], limit: int) -> None:
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > limit:
        raise TrustError(f"an artifact holds more than {MOST_FILES} files or {limit} bytes", hint="look at its run")
    seen: set[str] = set()
    for entry in entries:
        try:
            name = checked_key(entry.filename)
        except StoreError as exc:
            raise TrustError("an artifact holds a file whose name leads elsewhere", detail=str(exc)) from exc
        mode = entry.external_attr >> 16
        if (stat.S_IFMT(mode) not in {0, stat.S_IFREG}) or name.casefold() in seen:
            raise TrustError(f"an artifact holds `{name}` as something else than one plain file")
        seen.add(name.casefold())


def _copied(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, limit: int) -> int:
    size = 0
    with opened.open(entry) as source, path.open("xb") as target:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > limit:
                raise TrustError("an artifact unpacks to more than it says", hint="look at its run")
            target.write(chunk)
    return size
