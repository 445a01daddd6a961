"""Plain files below a folder: no link leads out of it, and nothing but a file is read as one."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING

from ci_tools.adapters.stores.bodies import CHUNK
from ci_tools.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READABLE = 0o755  # a folder that a web server may enter
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def opened(path: Path, root: Path) -> IO[bytes]:
    """The file at `path` for reading; StoreError where it is a link, a pipe, or reached by a link."""
    # O_NONBLOCK: a pipe that nobody writes to would keep us waiting for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with ExitStack() as refused:
        refused.callback(os.close, descriptor)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise StoreError(f"`{path.name}` is no plain file", hint="a channel holds plain files: remove it")
        require_plain(path.parent, root)
        refused.pop_all()
    return os.fdopen(descriptor, "rb")


def require_plain(folder: Path, root: Path) -> None:
    """StoreError where a link leads from `root` to `folder`, which need not be there yet."""
    if folder.resolve() != root.resolve() / folder.relative_to(root):
        place = folder.relative_to(root).as_posix()
        raise StoreError(f"`{place}` leads elsewhere by a link", hint="a channel holds plain files: remove the link")


def files(folder: Path, hidden: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every plain file below `folder` in byte order of the paths, `hidden` left out; links are no files."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    # A folder sorts as its name with the slash that its files have behind it: `a-b` comes before `a/b`.
    for entry in sorted(entries, key=lambda e: os.fsencode(e.name + "/" * e.is_dir(follow_symlinks=False))):
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            if path != hidden:
                yield from files(path, hidden)
        elif entry.is_file(follow_symlinks=False):
            with suppress(FileNotFoundError):  # removed since we saw it
                yield path, path.lstat()


def make_folder(folder: Path, root: Path) -> None:
    """`folder` with those above it; below `root` a web server may enter them whatever the umask is."""
    if folder == root:
        folder.mkdir(parents=True, exist_ok=True)
    elif not folder.is_dir():
        make_folder(folder.parent, root)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(READABLE)


def remove_empty(folder: Path, root: Path) -> None:
    """Remove `folder`, and those above it below `root`, as far as nothing is in them."""
    with suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def same(left: IO[bytes], right: IO[bytes]) -> bool:
    """Whether both hold the same bytes from where they stand."""
    while chunk := left.read(CHUNK):
        if right.read(len(chunk)) != chunk:
            return False
    return not right.read(1)


@contextmanager
def reading(key: str) -> Iterator[None]:
    """What the file system says to a reader, in the store's words."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
        raise NotFoundError(f"there is no `{key}`") from exc
    except OSError as exc:
        raise _refusal(key, exc) from exc


@contextmanager
def writing(key: str) -> Iterator[None]:
    """What it says to a writer, to whom nothing is ever "not there"."""
    try:
        yield
    except (NotADirectoryError, IsADirectoryError, FileExistsError) as exc:
        said = f"`{key}` would be a file and a folder at once"
        raise StoreError(said, hint="a folder cannot hold what a bucket can: remove one of the two") from exc
    except OSError as exc:
        raise _refusal(key, exc) from exc


def _refusal(key: str, exc: OSError) -> StoreError:
    if exc.errno == errno.ELOOP:
        return StoreError(f"`{key}` is a link", hint="a channel holds plain files: remove the link")
    hint = "free some space" if exc.errno in NO_SPACE else "look at the folder's owner and modes"
    return StoreError(f"the folder refuses `{key}`: {exc.strerror}", hint=hint)
