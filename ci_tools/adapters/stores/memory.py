"""A store in this process's memory: for tests, and for what a dry run would have written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.layout import Freshness, checked_key, sha256
from ci_tools.errors import ConflictError, NotFoundError
from ci_tools.ports import Absent, Etag, Head, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An object as memory holds it."""

    body: bytes
    freshness: Freshness
    metadata: Mapping[str, str]

    @property
    def etag(self) -> Etag:
        """The digest of the bytes."""
        return Etag(sha256(self.body))


class MemoryStore:
    """A dictionary behind the port; safe for threads."""

    def __init__(self) -> None:
        self._objects: dict[str, Held] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Stored:
        held = self._held(key)
        return Stored(body=held.body, head=_head(key, held))

    def head(self, key: str) -> Head:
        return _head(key, self._held(key))

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        body = self._held(key).body[start:stop]
        return (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
    ) -> Etag:  # fmt: skip
        content = body.read_bytes() if isinstance(body, Path) else bytes(body)
        fresh = Held(body=content, freshness=freshness, metadata=dict(metadata or {}))
        with self._lock:
            present = self._objects.get(checked_key(key))
            if not holds(if_match, present.etag if present else None) and present != fresh:
                raise ConflictError(f"`{key}` was written by somebody else", hint="read it again, then decide again")
            self._objects[key] = fresh
        return fresh.etag

    def list(self, prefix: str) -> Iterator[Head]:
        with self._lock:
            found = [(key, held) for key, held in self._objects.items() if key.startswith(prefix)]
        return (_head(key, held) for key, held in sorted(found, key=lambda pair: pair[0].encode()))

    def delete(self, key: str) -> None:
        with self._lock:
            self._objects.pop(checked_key(key), None)

    def freshness(self, key: str) -> Freshness:
        """How the object was said to age; what a server over this store tells caches."""
        return self._held(key).freshness

    def _held(self, key: str) -> Held:
        with self._lock:
            held = self._objects.get(checked_key(key))
        if held is None:
            raise NotFoundError(f"there is no `{key}`")
        return held


def holds(condition: Etag | Absent | None, present: Etag | None) -> bool:
    """Whether a write under `condition` may replace what is there."""
    if condition is None:
        return True
    return present is None if isinstance(condition, Absent) else present == condition


def _head(key: str, held: Held) -> Head:
    return Head(key=key, etag=held.etag, size=len(held.body), metadata=held.metadata)
