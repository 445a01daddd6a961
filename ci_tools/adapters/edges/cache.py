"""The copies that the local edge keeps: whole documents by rewritten path, as CloudFront does."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

LARGEST = 4 * 2**20  # bytes of one copy
CAPACITY = 128 * 2**20  # bytes of all copies


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A document as it is sent. `until` is a monotonic time in seconds, `etag` quoted."""

    body: bytes
    etag: str
    headers: dict[str, str]
    until: float


class Copies:
    """At most CAPACITY bytes, the least recently asked-for dropped first; all dropped when the epoch changes."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Copy] = OrderedDict()
        self._bytes = 0
        self._epoch = 0

    def find(self, path: str, epoch: int, now: float) -> Copy | None:
        """The copy of `path`, if there is one that may still be given."""
        if epoch != self._epoch:
            self._held.clear()
            self._bytes, self._epoch = 0, epoch
        copy = self._held.get(path)
        if copy is None or copy.until <= now:
            return None
        self._held.move_to_end(path)
        return copy

    def keep(self, path: str, copy: Copy, epoch: int) -> None:
        """Hold `copy` unless it is too large, or was read under an epoch that is over."""
        if len(copy.body) > LARGEST or epoch != self._epoch:
            return
        self._drop(path)
        self._held[path] = copy
        self._bytes += len(copy.body)
        while self._bytes > CAPACITY:
            self._drop(next(iter(self._held)))

    def _drop(self, path: str) -> None:
        if path in self._held:
            self._bytes -= len(self._held.pop(path).body)
