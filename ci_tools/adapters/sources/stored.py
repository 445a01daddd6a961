"""A store read as a channel: how a publish sees what it has just written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.sources.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.ports import ObjectStore


class StoredSource:
    """The channel in `store`; `url` is how it is called in messages."""

    def __init__(self, store: ObjectStore, url: str) -> None:
        self._store = store
        self._url = url

    @property
    def url(self) -> str:
        return self._url

    def read(self, key: str, limit: int) -> bytes:
        return bounded(self._store.stream(key), limit, key)

    def stream(self, key: str) -> Iterator[bytes]:
        return self._store.stream(key)
