"""A channel as a folder: the very tree that clients see, servable by any web server.

What a folder cannot hold and the lock lie below `.store/` and are part of no listing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ci_tools.adapters.stores.bodies import chunks, pieces
from ci_tools.adapters.stores.conditions import conflict, holds
from ci_tools.adapters.stores.local_files import (
    files,
    make_folder,
    opened,
    reading,
    remove_empty,
    require_plain,
    same,
    writing,
)
from ci_tools.adapters.stores.local_notes import Note, Notes, identity, unnoted
from ci_tools.core.layout import Freshness, checked_key
from ci_tools.errors import NotFoundError, StoreError
from ci_tools.ports import Absent, Etag, Head, Sent, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN = ".store"
ABANDONED = 24 * 3600.0  # seconds without a byte: whoever wrote that was killed
LOOKS = 1000  # at a file that is replaced each time between two looks


class LocalStore:
    """The store below `root`, which is made by the first write.

    Writes are atomic renames under one lock, so that a condition holds at the moment of the write, between processes
    too. A killed writer leaves nothing but a file below `.store/tmp`, which a later one clears away; its lock dies
    with it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hidden = root / HIDDEN
        self._notes = Notes(self._hidden / "meta")
        self._cleared = False

    def get(self, key: str) -> Stored:
        with reading(key):
            file, note = self._held(key)
            with file:
                body = file.read()
        return Stored(body=body, head=_head(key, note, len(body)))

    def head(self, key: str) -> Head:
        with reading(key):
            file, note = self._held(key)
            with file:
                return _head(key, note, os.fstat(file.fileno()).st_size)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        with reading(key):
            yield from chunks(opened(self._path(key), self._root), start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        path = self._path(key)
        with writing(key):
            self._clear()
            with self._temporary(body, sent) as (temporary, etag), self._locked():
                require_plain(path.parent, self._root)
                note = Note(etag=etag, metadata=dict(metadata or {}))
                if if_match is not None and not holds(if_match, self._present(key)):
                    return self._refused(key, temporary, note)
                self._place(key, temporary, note, freshness)
        return etag

    def list(self, prefix: str) -> Iterator[Head]:
        folder = prefix.rpartition("/")[0]
        start = self._path(folder) if folder else self._root
        with reading(prefix):
            require_plain(start, self._root)
            for path, status in files(start, self._hidden):
                key = checked_key(path.relative_to(self._root).as_posix())
                if key.startswith(prefix):
                    with suppress(NotFoundError):  # removed since we saw it
                        note = self._notes.of(key, status)
                        yield _head(key, note, status.st_size) if note else self.head(key)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with writing(key), self._locked():
            require_plain(path.parent, self._root)
            if path.is_symlink() or not path.is_dir():
                with suppress(NotADirectoryError):
                    path.unlink(missing_ok=True)
            self._notes.forget(key)
            remove_empty(path.parent, self._root)

    def _path(self, key: str) -> Path:
        if checked_key(key).startswith(f"{HIDDEN}/") or key == HIDDEN:
            raise StoreError(f"`{key}` is not a key", hint=f"the store keeps `{HIDDEN}` for itself")
        return self._root / key

    def _held(self, key: str) -> tuple[IO[bytes], Note]:
        """The file and what is noted of it, both of one write."""
        path = self._path(key)
        for _ in range(LOOKS):
            file = opened(path, self._root)
            status = os.fstat(file.fileno())
            if note := self._notes.of(key, status):
                return file, note
            with suppress(FileNotFoundError):
                if identity(path.lstat()) == identity(status):
                    return file, unnoted(status)
            file.close()  # it was replaced since we opened it, and its note with it
        raise StoreError(f"`{key}` is replaced all the time", hint="try again when fewer publishers are at work")

    def _present(self, key: str) -> Etag | None:
        try:
            return self.head(key).etag
        except NotFoundError:
            return None

    def _place(self, key: str, temporary: Path, note: Note, freshness: Freshness) -> None:
        path, kept = self._root / key, self._notes.path(key, temporary.stat())
        make_folder(path.parent, self._root)
        self._keep(kept, note)  # before the rename: never without its note
        if freshness is Freshness.COMMIT:
            os.sync()  # what the commit point refers to is on the disk before it is
        temporary.replace(path)
        if freshness is Freshness.COMMIT:
            _to_disk(path.parent)  # and it is there itself before anybody is told so
        self._notes.forget(key, but=kept)

    def _keep(self, path: Path, note: Note) -> None:
        make_folder(path.parent, self._root)
        with self._temporary(note.to_bytes()) as (temporary, _):
            temporary.replace(path)

    def _refused(self, key: str, temporary: Path, wanted: Note) -> Etag:
        """Equal bytes and metadata are our own write that had arrived; anything else is a conflict."""
        with suppress(NotFoundError), reading(key):
            file, note = self._held(key)
            with file, temporary.open("rb") as ours:
                if note.metadata == wanted.metadata and same(file, ours):
                    return note.etag
        raise conflict(key)

    @contextmanager
    def _temporary(self, body: bytes | Path, sent: Sent | None = None) -> Iterator[tuple[Path, Etag]]:
        """A file with these bytes on the store's own disk, readable by a web server; gone at the end if still there."""
        folder = self._hidden / "tmp"
        make_folder(folder, self._root)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                etag = _filled(file, body, sent)
                os.fchmod(file.fileno(), 0o644)
            yield Path(name), etag
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_folder(self._hidden, self._root)
        with (self._hidden / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _clear(self) -> None:
        """Remove what killed writers left, once in the life of this store."""
        if self._cleared:
            return
        self._cleared = True
        for path, status in files(self._hidden / "tmp", self._hidden):
            if time.time() - status.st_mtime > ABANDONED:
                path.unlink(missing_ok=True)


def _head(key: str, note: Note, size: int) -> Head:
    return Head(key=key, etag=note.etag, size=size, metadata=note.metadata)


def _filled(file: IO[bytes], body: bytes | Path, sent: Sent | None) -> Etag:
    """Write `body` and say its digest."""
    digest = hashlib.sha256()
    for piece in pieces(body):
        digest.update(piece)
        file.write(piece)
        if sent:
            sent(len(piece))
    return Etag(digest.hexdigest())


def _to_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
