"""What a put was given: bytes, or a file that is never in memory as a whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 1 << 20


def opened_body(path: Path) -> IO[bytes]:
    """The file, for reading; its absence is no NotFoundError, for that is about the store."""
    try:
        return path.open("rb")
    except OSError as exc:
        hint = "it was there a moment ago: build it again"
        raise StoreError(f"`{path}` cannot be read: {exc.strerror}", hint=hint) from exc


def pieces(body: bytes | Path, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes [start, stop) of `body` in chunks of bounded size."""
    if isinstance(body, Path):
        yield from chunks(opened_body(body), start, stop)
    else:
        wanted = memoryview(body)[start:stop]
        yield from (bytes(wanted[at : at + CHUNK]) for at in range(0, len(wanted), CHUNK))


def chunks(file: IO[bytes], start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The bytes [start, stop) of `file`, which is closed at the end."""
    with file:
        file.seek(start)
        left = os.fstat(file.fileno()).st_size - start if stop is None else stop - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


def size_of(body: bytes | Path) -> int:
    """How many bytes there are."""
    return body.stat().st_size if isinstance(body, Path) else len(body)


def digest_of(chunked: Iterable[bytes]) -> bytes:
    """The SHA-256 of all chunks together."""
    digest = hashlib.sha256()
    for chunk in chunked:
        digest.update(chunk)
    return digest.digest()
