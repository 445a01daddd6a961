"""Where a channel is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.core.layout import Freshness


Etag = NewType("Etag", str)


class Absent:
    """The condition "there is no such object yet"."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a store knows of an object without its bytes. `metadata` keys are lower case."""

    key: str
    etag: Etag
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object's bytes with the etag they were read under."""

    body: bytes
    head: Head


Sent = Callable[[int], None]  # how many more bytes are there


class ObjectStore(Protocol):
    """Where a channel is kept. Keys are relative to the configured prefix and pass `layout.checked_key` both ways.

    Every method raises NotFoundError only where the store itself said 404, ConflictError where a condition was
    refused *and* the object holds other bytes, StoreError where it refused, RemoteError where it could not be reached.
    A refused condition is read back: equal bytes and equal metadata mean that our own write had already arrived.
    """

    def get(self, key: str) -> Stored:
        """The object, whole: for documents, not for packages."""

    def head(self, key: str) -> Head:
        """What is known of the object, without its bytes."""

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes [start, stop) in chunks of bounded size."""

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        """Write the object whole or not at all; a Path is streamed. The condition holds at the moment of the write.

        The server is given, or is asked for, a checksum of the bytes. Content type and Cache-Control follow from
        the key and `freshness`. `sent` hears now and then how many more bytes of a long file are there, from any
        thread. Returns the new etag.
        """

    def list(self, prefix: str) -> Iterator[Head]:
        """Every object whose key starts with `prefix`, in byte order of the keys; metadata may be empty."""

    def delete(self, key: str) -> None:
        """Remove the object; it is no error where there is none."""
