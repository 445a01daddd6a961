"""A log of bounded size, whatever is said."""

from __future__ import annotations

from typing import IO

LOG_END = 64 * 2**10  # bytes; the end of a longer one, which says what went wrong


class BoundedLog:
    """A file that keeps the beginning and the end of what is written to it."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file, self.left, self.dropped, self.end = file, limit, 0, b""

    def write(self, chunk: bytes) -> None:
        """Take `chunk`; what is read of the file meanwhile is its beginning."""
        head, rest = chunk[: self.left], chunk[self.left :]
        self.file.write(head)
        self.file.flush()
        self.left -= len(head)
        tail = self.end + rest
        self.end = tail[-LOG_END:]
        self.dropped += len(tail) - len(self.end)

    def finish(self) -> None:
        """Write the end, after a line that says how much is not there."""
        if self.dropped:
            self.file.write(b"\n[... %d bytes are left out ...]\n" % self.dropped)
        self.file.write(self.end)
