"""A registry that only remembers: what a dry run changes instead of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.access import Grant


class RememberedRegistry:
    """Begins with `grants`."""

    def __init__(self, grants: Iterable[Grant] = ()) -> None:
        self._grants = {grant.id: grant for grant in grants}

    def grants(self) -> tuple[Grant, ...]:
        return tuple(self._grants.values())

    def add(self, grant: Grant) -> None:
        self._grants[grant.id] = grant

    def remove(self, grant_id: str) -> None:
        self._grants.pop(grant_id, None)
