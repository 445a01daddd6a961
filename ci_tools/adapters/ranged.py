"""A file of which only the parts that are read are fetched."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TAIL = 64 << 10  # bytes: the directory of a zip, and as a rule all of a package's info part
FIRST = 4 << 10  # bytes of a first fetch: the header of an entry
MOST = 1 << 20  # bytes of one fetch where it is read on and on
SPANS = 4  # that are remembered


class RangedFile(io.RawIOBase):
    """`size` bytes behind `fetch(start, stop)`; reading on fetches more and more at once."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._at = 0
        self._ahead = FIRST
        self._spans: list[tuple[int, bytes]] = []

    def read(self, size: int = -1) -> bytes:
        stop = self._size if size < 0 else min(self._at + size, self._size)
        pieces = bytearray()
        while self._at < stop:
            piece = self._piece(stop)
            pieces += piece
            self._at += len(piece)
        return bytes(pieces)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def _piece(self, stop: int) -> bytes:
        """What is known from here on, up to `stop`; fetched where nothing is."""
        for start, body in self._spans:
            if start <= self._at < start + len(body):
                return body[self._at - start : stop - start]
        start, end = self._next(stop)
        body = self._fetch(start, end)
        if len(body) != end - start:
            raise EOFError(f"bytes {start} to {end} are not there")
        self._spans = [*self._spans[-SPANS + 1 :], (start, body)]
        return body[self._at - start : stop - start]

    def _next(self, stop: int) -> tuple[int, int]:
        if self._at >= self._size - TAIL:
            return max(0, self._size - TAIL), self._size
        goes_on = any(start + len(body) == self._at for start, body in self._spans)
        self._ahead = min(self._ahead * 4, MOST) if goes_on else FIRST
        return self._at, min(max(stop, self._at + self._ahead), self._at + MOST, self._size)
