"""Reading no more than was allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable


def bounded(chunks: Iterable[bytes], limit: int, key: str) -> bytes:
    """All chunks as one; TrustError as soon as there are more than `limit` bytes of them."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TrustError(f"`{key}` is longer than the {limit} bytes it may have", hint="do not use this copy")
    return bytes(body)
