"""What a folder cannot hold of an object: its digest and its metadata, in a note beside the tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.adapters.stores.local_files import remove_empty
from ci_tools.ports import Etag

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`etag` is the SHA-256 of the bytes: a time and an inode come again, on file systems whose clock is coarse."""

    etag: Etag
    metadata: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The note as it is kept."""
        return json.dumps({"etag": self.etag, "metadata": dict(self.metadata)}, sort_keys=True).encode()


class Notes:
    """The notes below `folder`: `<key>/<identity of the file>`, so that bytes and note are always of one write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str, status: os.stat_result) -> Path:
        """Where the note of exactly this file is kept."""
        return self._folder / key / identity(status)

    def of(self, key: str, status: os.stat_result) -> Note | None:
        """What is noted of this file; None where somebody else put it there."""
        for path in self._candidates(key, status):
            with suppress(FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: cut off by a loss of power
                told = json.loads(path.read_bytes())
                return Note(etag=Etag(told.get("etag", identity(status))), metadata=told["metadata"])
        return None

    def forget(self, key: str, but: Path | None = None) -> None:
        """Remove every note of `key` but one."""
        for path in (self._folder / key).glob("*-*-*"):
            if path != but and path.is_file():
                path.unlink(missing_ok=True)
        remove_empty(self._folder / key, self._folder)

    def _candidates(self, key: str, status: os.stat_result) -> Iterator[Path]:
        exact = self.path(key, status)
        yield exact
        # A tree that was copied keeps sizes and times, though not the inodes.
        yield from (self._folder / key).glob(f"*-{exact.name.partition('-')[2]}")


def identity(status: os.stat_result) -> str:
    """What tells a file from the one that it replaced, as long as one of the two is open."""
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def unnoted(status: os.stat_result) -> Note:
    """What is known of a file that somebody else put there; its bytes may be many, so nobody counts them."""
    return Note(etag=Etag(identity(status)))
