"""An edge that only remembers: for dry runs, and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.access import Grant


class MemoryEdge:
    """Holds grants and the keys it was asked to forget."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._version = 1
        self.invalidated: list[str] = []

    def admit(self, grants: Iterable[Grant], *, seen: str = "") -> None:
        if seen and seen != self.seen():
            raise ConflictError("what the edge holds was changed meanwhile", hint="run it again")
        self._version += 1
        self._grants.update({grant.id: grant for grant in grants})

    def refuse(self, ids: Iterable[str]) -> None:
        self._version += 1
        for grant_id in ids:
            self._grants.pop(grant_id, None)

    def admitted(self) -> tuple[Grant, ...]:
        return tuple(self._grants[grant_id] for grant_id in sorted(self._grants))

    def seen(self) -> str:
        return str(self._version)

    def invalidate(self, keys: Iterable[str]) -> None:
        self.invalidated.extend(keys)
