"""A store that reads through to another and keeps every write to itself: what a dry run publishes into."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ci_tools.adapters.stores.memory import MemoryStore, holds
from ci_tools.core.layout import Freshness, checked_key
from ci_tools.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_tools.ports import Absent, Etag, Head, ObjectStore, Stored


class OverlayStore:
    """`base` as it would be after the writes and deletions that were asked of this store."""

    def __init__(self, base: ObjectStore) -> None:
        self._base = base
        self._upper = MemoryStore()
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
    ) -> Etag:  # fmt: skip
        with self._lock:
            if not holds(if_match, self._present(key)):
                return self._refused(key, body, freshness, metadata)
            etag = self._upper.put(key, body, freshness, metadata=metadata)
            self._deleted.discard(key)
            self._written.setdefault(key)
            return etag

    def list(self, prefix: str) -> Iterator[Head]:
        with self._lock:
            merged = {h.key: h for h in self._base.list(prefix) if h.key not in self._deleted}
            merged |= {h.key: h for h in self._upper.list(prefix)}
        return (merged[key] for key in sorted(merged, key=str.encode))

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

    def _refused(self, key: str, body: bytes | Path, freshness: Freshness, metadata: Mapping[str, str] | None) -> Etag:
        """The same answer a store gives: equal bytes are our own write that had arrived, others are a conflict."""
        trial = MemoryStore()
        etag = trial.put(key, body, freshness, metadata=metadata)
        try:
            present = self.get(key)
        except NotFoundError:
            present = None
        if present and present.body == trial.get(key).body and dict(present.head.metadata) == dict(metadata or {}):
            return present.head.etag
        raise ConflictError(
            f"`{key}` was written by somebody else ({etag[:12]})", hint="read it again, then decide again"
        )
