"""Pages that anybody may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Web(Protocol):
    """What is at an address, over HTTP. NotFoundError on 404 and 410, RemoteError where it refuses or is away."""

    def read(self, url: str, limit: int) -> bytes:
        """What is there, whole; TrustError where it is longer than `limit` bytes."""

    def digests(self, url: str, algorithms: Sequence[str]) -> Mapping[str, str]:
        """Algorithm (as hashlib names it) -> lower-hex digest of what is there; nothing of it is kept."""
