"""A channel that can only be read, looked at as a store: how a job without any right to write plans and rehearses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.layout import checked_key
from ci_tools.errors import StoreError
from ci_tools.ports import Etag, Head, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_tools.core.layout import Freshness
    from ci_tools.ports import Absent, ChannelSource, Sent

LARGEST_DOCUMENT = 1 << 30  # bytes; repodata of a channel of a million packages is smaller


class ReadOnlyStore:
    """The channel behind `source`. It cannot be listed, for no client can list one."""

    def __init__(self, source: ChannelSource) -> None:
        self._source = source

    def get(self, key: str) -> Stored:
        body = self._source.read(checked_key(key), LARGEST_DOCUMENT)
        return Stored(body=body, head=Head(key=key, etag=Etag(""), size=len(body)))

    def head(self, key: str) -> Head:
        return self.get(key).head

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        at = 0
        for chunk in self._source.stream(checked_key(key)):
            piece = chunk[max(start - at, 0) : None if stop is None else max(stop - at, 0)]
            at += len(chunk)
            if piece:
                yield piece

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,  # noqa: ARG002 (the port's signature)
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,  # noqa: ARG002 (the same)
        sent: Sent | None = None,  # noqa: ARG002 (the same)
    ) -> Etag:  # fmt: skip
        raise self._refused(key)

    def list(self, prefix: str) -> Iterator[Head]:
        raise self._refused(prefix)

    def delete(self, key: str) -> None:
        raise self._refused(key)

    def _refused(self, key: str) -> StoreError:
        return StoreError(f"{self._source.url} is only read here, and `{key}` asks for more", hint="use its store")
