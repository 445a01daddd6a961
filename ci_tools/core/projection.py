"""Which pointers a generation still has to write, and which it must leave alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core.layout import CHANNELDATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The pointer that is written last: where it carries a generation's number, all of that generation's pointers are there.
MARKER = CHANNELDATA

GENERATION = "generation"  # object metadata: the generation that wrote a pointer
SHA256 = "sha256"  # object metadata: the digest of the bytes


class Standing(StrEnum):
    """How a stored pointer stands to the generation that is being projected."""

    CURRENT = "current"
    NEWER = "newer"
    BEHIND = "behind"


def standing(key: str, metadata: Mapping[str, str], generation: int, sha256: str) -> Standing:
    """How the stored pointer `key` stands to `generation`, for which its bytes have the digest `sha256`."""
    written = metadata.get(GENERATION, "")
    number = int(written) if written.isdigit() else 0
    if number > generation:
        return Standing.NEWER
    # The marker speaks for all others, so it is written anew for every generation, whatever its bytes.
    same = number == generation if key == MARKER else metadata.get(SHA256) == sha256
    return Standing.CURRENT if same else Standing.BEHIND


def projection_order(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys in the order in which they are written: the marker last, because it says that all others are there."""
    return tuple(sorted(keys, key=lambda key: (key == MARKER, key)))
