"""Making the edge forget what was replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_tools.ports import Edge


def invalidate(edge: Edge, keys: Sequence[str]) -> tuple[str, ...]:
    """The keys that the edge was asked to forget: exactly the pointers that changed, and the commit point with them."""
    if keys:
        edge.invalidate(keys)
    return tuple(keys)
