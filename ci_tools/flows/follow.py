"""Following a channel as a client does: from a pinned root to the present generation, nothing believed unseen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.generation import Generation, read_generation, read_root, referenced
from ci_tools.core.root import root_version
from ci_tools.core.tuf_metadata import LIMITS
from ci_tools.errors import NotFoundError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ci_tools.ports import ChannelSource

MOST_ROOTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Where the channel stands. `roots` are the pinned one and those after it, verified, the present one last."""

    roots: tuple[bytes, ...]
    generation: Generation


def follow(source: ChannelSource, pinned: bytes, now: datetime, known: Generation | None = None) -> Followed:
    """The present generation; `known` is one that was believed before. TrustError names what does not hold."""
    newer = tuple(_newer_roots(source, pinned))
    root = read_root(pinned, newer, now)
    timestamp = _required(source, layout.TIMESTAMP, "timestamp")
    snapshot = _named(source, timestamp, "snapshot")
    targets = _named(source, snapshot, "targets")
    generation = read_generation(root, timestamp, snapshot, targets, now, known=known)
    return Followed(roots=(pinned, *newer), generation=generation)


def _newer_roots(source: ChannelSource, pinned: bytes) -> Iterator[bytes]:
    first = root_version(pinned) + 1
    for version in count(first):
        if version - first >= MOST_ROOTS:
            raise TrustError(f"the channel has more than {MOST_ROOTS} roots after the pinned one", hint="do not use it")
        try:
            yield source.read(layout.metadata_key("root", version), LIMITS["root"])
        except NotFoundError:
            return


def _named(source: ChannelSource, document: bytes, role: str) -> bytes:
    return _required(source, layout.metadata_key(role, referenced(document, role)), role)


def _required(source: ChannelSource, key: str, role: str) -> bytes:
    try:
        return source.read(key, LIMITS[role])
    except NotFoundError as exc:
        raise TrustError(
            f"`{key}` is missing: without it nothing of the channel can be believed",
            hint="is the URL the channel's base? If it is, its owner restores the object or publishes again",
        ) from exc
