"""A store in this process's memory: for tests, and for what a dry run would have written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.stores.bodies import digest_of, opened_body, pieces, size_of
from ci_tools.adapters.stores.conditions import conflict, holds
from ci_tools.core.layout import Freshness, checked_key
from ci_tools.errors import NotFoundError
from ci_tools.ports import Absent, Etag, Head, Sent, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 64 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An object as memory holds it; the etag is the digest of the bytes."""

    body: bytes | Path
    etag: Etag
    metadata: Mapping[str, str]


class MemoryStore:
    """A dictionary behind the port; safe for threads.

    A file longer than `at_once` bytes is not copied but read where it is: it must stay there, as it is.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._objects: dict[str, Held] = {}
        self._lock = threading.Lock()
        self._at_once = at_once

    def get(self, key: str) -> Stored:
        held = self._held(key)
        return Stored(body=b"".join(pieces(held.body)), head=_head(key, held))

    def head(self, key: str) -> Head:
        return _head(key, self._held(key))

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return pieces(self._held(key).body, start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,  # noqa: ARG002 (memory does not age)
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
        sent: Sent | None = None,  # noqa: ARG002 (there is no way to go)
    ) -> Etag:  # fmt: skip
        name, fresh = checked_key(key), self._taken(body, metadata or {})
        with self._lock:
            present = self._objects.get(name)
            if not holds(if_match, present.etag if present else None):
                if present is None or (present.etag, present.metadata) != (fresh.etag, fresh.metadata):
                    raise conflict(key)
                return present.etag
            self._objects[name] = fresh
        return fresh.etag

    def list(self, prefix: str) -> Iterator[Head]:
        with self._lock:
            found = [(key, held) for key, held in self._objects.items() if key.startswith(prefix)]
        return (_head(key, held) for key, held in sorted(found, key=lambda pair: pair[0].encode()))

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(checked_key(key), None)

    def _held(self, key: str) -> Held:
        with self._lock:
            held = self._objects.get(checked_key(key))
        if held is None:
            raise NotFoundError(f"there is no `{key}`")
        return held

    def _taken(self, body: bytes | Path, metadata: Mapping[str, str]) -> Held:
        """`body` as it is kept from now on."""
        if isinstance(body, Path):
            with opened_body(body) as file:
                kept: bytes | Path = body if size_of(body) > self._at_once else file.read()
        else:
            kept = bytes(body)
        return Held(body=kept, etag=Etag(digest_of(pieces(kept)).hex()), metadata=dict(metadata))


def _head(key: str, held: Held) -> Head:
    return Head(key=key, etag=held.etag, size=size_of(held.body), metadata=held.metadata)
