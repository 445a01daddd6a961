"""A store that reads through to another and keeps every write to itself: what a dry run publishes into."""

from __future__ import annotations

import heapq
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ci_tools.adapters.stores.bodies import digest_of, pieces, size_of
from ci_tools.adapters.stores.conditions import conflict, holds
from ci_tools.adapters.stores.memory import AT_ONCE, MemoryStore
from ci_tools.core.layout import Freshness, checked_key
from ci_tools.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_tools.ports import Absent, Etag, Head, ObjectStore, Sent, Stored


class OverlayStore:
    """`base` as it would be after the writes and deletions that were asked of this store.

    Files longer than `at_once` bytes are not copied into memory: they are read again where they are.
    """

    def __init__(self, base: ObjectStore, at_once: int = AT_ONCE) -> None:
        self._base = base
        self._upper = MemoryStore(at_once)
        self._deleted: set[str] = set()
        self._written: dict[str, None] = {}  # the keys of the upper store, in the order of their first write
        self._lock = threading.RLock()

    @property
    def written(self) -> tuple[str, ...]:
        """The keys that would have been written, in the order of their first write."""
        return tuple(self._written)

    @property
    def deleted(self) -> tuple[str, ...]:
        """The keys that would have been removed, sorted."""
        return tuple(sorted(self._deleted))

    def get(self, key: str) -> Stored:
        return self._layer(key).get(key)

    def head(self, key: str) -> Head:
        return self._layer(key).head(key)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return self._layer(key).stream(key, start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
        sent: Sent | None = None,  # noqa: ARG002 (there is no way to go)
    ) -> Etag:  # fmt: skip
        with self._lock:
            if if_match is not None and not holds(if_match, self._present(key)):
                return self._refused(key, body, metadata or {})
            etag = self._upper.put(key, body, freshness, metadata=metadata)
            self._deleted.discard(key)
            self._written.setdefault(key)
            return etag

    def list(self, prefix: str) -> Iterator[Head]:
        with self._lock:
            hidden = self._deleted | self._written.keys()
            upper = list(self._upper.list(prefix))
        below = (head for head in self._base.list(prefix) if head.key not in hidden)
        return heapq.merge(below, upper, key=lambda head: head.key.encode())

    def delete(self, key: str) -> None:
        with self._lock:
            self._upper.delete(key)
            self._written.pop(key, None)
            if self._present(key) is not None:
                self._deleted.add(key)

    def _layer(self, key: str) -> ObjectStore:
        """Which of the two holds the object as it would be."""
        with self._lock:
            if checked_key(key) in self._deleted:
                raise NotFoundError(f"there is no `{key}`")
            return self._upper if key in self._written else self._base

    def _present(self, key: str) -> Etag | None:
        try:
            return self.head(key).etag
        except NotFoundError:
            return None

    def _refused(self, key: str, body: bytes | Path, metadata: Mapping[str, str]) -> Etag:
        """The same answer a store gives: equal bytes are our own write that had arrived, others are a conflict."""
        with suppress(NotFoundError):
            present = self.head(key)
            alike = present.metadata == metadata and present.size == size_of(body)
            if alike and digest_of(self.stream(key)) == digest_of(pieces(body)):
                return present.etag
        raise conflict(key)
