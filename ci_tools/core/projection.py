"""Which pointers a generation still has to write, and which it must leave alone."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ci_tools.core import layout
from ci_tools.core.canonical import canonical_json
from ci_tools.core.strict_json import parse_object
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.generation import TargetFile

GENERATION = "generation"  # object metadata: the generation that wrote a pointer
SHA256 = "sha256"  # object metadata: the digest of the bytes


class Standing(StrEnum):
    """How a stored pointer stands to the generation that is being projected."""

    CURRENT = "current"
    NEWER = "newer"
    BEHIND = "behind"


def standing(metadata: Mapping[str, str], generation: int, sha256: str) -> Standing:
    """How a stored pointer stands to `generation`, for which its bytes have the digest `sha256`."""
    written = metadata.get(GENERATION, "")
    number = int(written) if written.isdigit() else 0
    if number > generation:
        return Standing.NEWER
    return Standing.CURRENT if metadata.get(SHA256) == sha256 else Standing.BEHIND


def marker(generation: int) -> bytes:
    """`layout.PROJECTED`: all pointers of this generation were written. No two generations' are the same bytes."""
    return canonical_json({GENERATION: generation})


def marked(body: bytes) -> int:
    """The generation that a marker speaks of; 0 where it is none."""
    number = _parsed(body).get(GENERATION)
    return number if type(number) is int else 0


def listed(targets: bytes) -> Mapping[str, str]:
    """Key -> lower-hex SHA-256 of what a generation lists: NOT verified, good only for knowing where to look."""
    signed = _parsed(targets).get("signed")
    found = signed.get("targets") if isinstance(signed, dict) else None
    if not isinstance(found, dict):
        return {}
    return {key: str(file.get("hashes", {}).get(SHA256)) for key, file in found.items() if isinstance(file, dict)}


def to_write(targets: Mapping[str, TargetFile], before: Mapping[str, str]) -> tuple[str, ...]:
    """The pointers of a generation that differ from `before`, in the order in which they are written."""
    return projection_order(key for key, file in targets.items() if before.get(key) != file.sha256)


def projection_order(keys: Iterable[str]) -> tuple[str, ...]:
    """The pointers among `keys`, in the order in which a client should see them change."""
    pointers = [key for key in keys if not layout.receipt_number(key)]
    order = {name: place for place, name in enumerate(layout.SUBDIR_DOCUMENTS)}
    return tuple(sorted(pointers, key=lambda key: (order.get(key.rpartition("/")[2], len(order)), key)))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body, "the marker")
    except TrustError:
        return {}
