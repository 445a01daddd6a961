"""A channel as a folder: the very tree that clients see, servable by any web server.

What a folder cannot hold (metadata, how an object ages) and the lock lie below `.store/` and are part of no listing.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ci_tools.adapters.stores.memory import holds
from ci_tools.core.layout import Freshness, checked_key
from ci_tools.errors import ConflictError, NotFoundError, StoreError
from ci_tools.ports import Absent, Etag, Head, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN = ".store"
CHUNK = 1 << 20


class LocalStore:
    """The store below `root`, which is made by the first write.

    Writes are atomic renames under one lock, so that a condition holds at the moment of the write, between processes
    too. A killed writer leaves nothing but a file below `.store/tmp`; its lock dies with it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._hidden = root / HIDDEN

    def get(self, key: str) -> Stored:
        with self._opened(key) as file:
            head = self._known(key, os.fstat(file.fileno()))
            return Stored(body=file.read(), head=head)

    def head(self, key: str) -> Head:
        with self._opened(key) as file:
            return self._known(key, os.fstat(file.fileno()))

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        file = self._opened(key)
        return _chunks(file, start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
    ) -> Etag:  # fmt: skip
        path = self._path(key)
        with _refusals(key), self._temporary(body) as temporary, self._locked():
            if not holds(if_match, self._etag(path)):
                return self._refused(key, temporary, dict(metadata or {}))
            if freshness is Freshness.COMMIT:
                os.sync()  # what the commit point refers to is on the disk before it is
            etag = _etag(temporary.stat())
            self._remember(key, etag, freshness, dict(metadata or {}))  # before the rename: never without metadata
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(path)
            self._forget(key, but=etag)
        return etag

    def list(self, prefix: str) -> Iterator[Head]:
        folder = prefix.rpartition("/")[0]
        start = self._root / checked_key(folder) if folder else self._root
        for path in _files(start):
            key = path.relative_to(self._root).as_posix()
            if key.startswith(prefix):
                with suppress(FileNotFoundError):  # removed since we saw it
                    yield self._known(key, path.stat())

    def delete(self, key: str) -> None:
        with _refusals(key), self._locked():
            self._path(key).unlink(missing_ok=True)
            self._forget(key)

    def _path(self, key: str) -> Path:
        if checked_key(key).startswith(f"{HIDDEN}/") or key == HIDDEN:
            raise StoreError(f"`{key}` is not a key", hint=f"the store keeps `{HIDDEN}` for itself")
        return self._root / key

    def _opened(self, key: str) -> IO[bytes]:
        path = self._path(key)
        with _refusals(key):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            if not _plain(path.parent, self._root):
                os.close(descriptor)
                raise StoreError(f"`{key}` leads out of the store by a link", hint="remove the link")
            return os.fdopen(descriptor, "rb")

    def _etag(self, path: Path) -> Etag | None:
        try:
            return _etag(path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _known(self, key: str, status: os.stat_result) -> Head:
        note = self._note(key, status)
        return Head(key=key, etag=_etag(status), size=status.st_size, metadata=note.get("metadata", {}))

    def freshness(self, key: str) -> Freshness:
        """How the object was said to age; a pointer where nobody said it."""
        with self._opened(key) as file:
            note = self._note(key, os.fstat(file.fileno()))
        return Freshness(note.get("freshness", Freshness.POINTER.value))

    def _note(self, key: str, status: os.stat_result) -> dict[str, Any]:
        """What was remembered of exactly these bytes; a copied tree keeps size and time, though not the inode."""
        notes = self._hidden / "meta" / key
        exact = notes / _etag(status)
        copied = _etag(status).partition("-")[2]
        for path in (exact, *notes.glob(f"*-{copied}")):
            with suppress(FileNotFoundError):
                remembered: dict[str, Any] = json.loads(path.read_bytes())
                return remembered
        return {}

    def _remember(self, key: str, etag: Etag, freshness: Freshness, metadata: Mapping[str, str]) -> None:
        note = json.dumps({"freshness": freshness.value, "metadata": metadata}, sort_keys=True).encode()
        path = self._hidden / "meta" / key / etag
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._temporary(note) as temporary:
            temporary.replace(path)

    def _forget(self, key: str, but: str = "") -> None:
        for path in (self._hidden / "meta" / key).glob("*-*-*"):
            if path.name != but and path.is_file():
                path.unlink(missing_ok=True)

    def _refused(self, key: str, temporary: Path, metadata: Mapping[str, str]) -> Etag:
        """Equal bytes and metadata are our own write that had arrived; anything else is a conflict."""
        with suppress(NotFoundError):
            head = self.head(key)
            if dict(head.metadata) == metadata and _same(self._path(key), temporary):
                return head.etag
        raise ConflictError(f"`{key}` was written by somebody else", hint="read it again, then decide again")

    @contextmanager
    def _temporary(self, body: bytes | Path) -> Iterator[Path]:
        """A file with these bytes on the store's own disk, readable by a web server; gone at the end if still there."""
        folder = self._hidden / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _filled(file, body)
                os.fchmod(file.fileno(), 0o644)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._hidden.mkdir(parents=True, exist_ok=True)
        with (self._hidden / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _etag(status: os.stat_result) -> Etag:
    """A file that is written anew is another inode with another time."""
    return Etag(f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}")


def _filled(file: IO[bytes], body: bytes | Path) -> None:
    if isinstance(body, Path):
        with body.open("rb") as source:
            shutil.copyfileobj(source, file, CHUNK)
    else:
        file.write(body)


def _chunks(file: IO[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = os.fstat(file.fileno()).st_size - start if stop is None else stop - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _files(folder: Path) -> Iterator[Path]:
    """Every plain file below `folder` in byte order of the paths; links are neither followed nor listed."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    # A folder sorts as its name with the slash that its files have behind it: `a-b` comes before `a/b`.
    for entry in sorted(entries, key=lambda e: os.fsencode(e.name + "/" * e.is_dir(follow_symlinks=False))):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != HIDDEN:
                yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def _plain(folder: Path, root: Path) -> bool:
    """Whether no link leads from `root` to `folder`."""
    return folder.resolve() == root.resolve() / folder.relative_to(root)


def _same(left: Path, right: Path) -> bool:
    if left.stat().st_size != right.stat().st_size:
        return False
    with left.open("rb") as one, right.open("rb") as other:
        return all(a == b for a, b in zip(_chunks_of(one), _chunks_of(other), strict=True))


def _chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(CHUNK), b"")


@contextmanager
def _refusals(key: str) -> Iterator[None]:
    """What the file system says, in the store's words."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
        raise NotFoundError(f"there is no `{key}`") from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise StoreError(f"`{key}` is a link", hint="a channel holds plain files: remove the link") from exc
        hint = "free some space" if exc.errno == errno.ENOSPC else "look at the folder's owner and modes"
        raise StoreError(f"the folder refuses `{key}`: {exc.strerror}", hint=hint) from exc
