"""A store as one run sees it: what can never change is read once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ci_tools.core.layout import Freshness, is_immutable
from ci_tools.ports import Absent, Etag, Head, ObjectStore, Sent, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

AT_MOST = 128 << 20  # bytes that are kept; what comes after is read again


class RememberingStore:
    """`base`, asked no more than is needed.

    Objects whose name is their promise are got once. The head that came with any other object is told once more by
    `head`: it is as old as the reading, which is what a conditional write wants. `stream` always asks.
    """

    def __init__(self, base: ObjectStore, at_most: int = AT_MOST) -> None:
        self._base = base
        self._left = at_most
        self._kept: dict[str, Stored] = {}
        self._heads: dict[str, Head] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Stored:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        stored = self._base.get(key)
        if is_immutable(key):
            self._keep(key, stored)
        else:
            with self._lock:
                self._heads[key] = stored.head
        return stored

    def head(self, key: str) -> Head:
        with self._lock:
            known = self._heads.pop(key, None)
        return known or self._base.head(key)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return self._base.stream(key, start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        self._forget(key)
        etag = self._base.put(key, body, freshness, if_match=if_match, metadata=metadata, sent=sent)
        if isinstance(body, bytes) and is_immutable(key):
            head = Head(key=key, etag=etag, size=len(body), metadata=dict(metadata or {}))
            self._keep(key, Stored(body=body, head=head))
        return etag

    def list(self, prefix: str) -> Iterator[Head]:
        return self._base.list(prefix)

    def delete(self, key: str) -> None:
        self._forget(key)
        self._base.delete(key)

    def _keep(self, key: str, stored: Stored) -> None:
        with self._lock:
            if key not in self._kept and stored.head.size <= self._left:
                self._left -= stored.head.size
                self._kept[key] = stored

    def _forget(self, key: str) -> None:
        with self._lock:
            self._heads.pop(key, None)
            if gone := self._kept.pop(key, None):
                self._left += gone.head.size
