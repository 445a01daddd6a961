"""What lets clients in, and who may come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.access import Grant


class Edge(Protocol):
    """What lets clients in and holds copies for them. Every method is idempotent."""

    def admit(self, grants: Iterable[Grant], *, seen: str = "") -> None:
        """Let these in from now on, replacing what the edge holds of the same ids.

        With `seen`, ConflictError and nothing changed where what the edge holds is another version by now.
        """

    def refuse(self, ids: Iterable[str]) -> None:
        """Let these in no longer; unknown ids are fine."""

    def admitted(self) -> tuple[Grant, ...]:
        """The grants that the edge holds, by id; name and owner are empty, for the edge does not know them."""

    def seen(self) -> str:
        """The version of what the edge holds, to be asked for before it is read. Never empty."""

    def invalidate(self, keys: Iterable[str]) -> None:
        """Forget the cached copies of these keys of the channel."""


class GrantRegistry(Protocol):
    """The grants as reviewed git state, `.github/access.yaml`. A change keeps comments and order of the rest."""

    def grants(self) -> tuple[Grant, ...]:
        """Every grant, in the file's order; none where there is no file. UsageError lists every mistake."""

    def add(self, grant: Grant) -> None:
        """Write `grant` at the end; UsageError where its id or name is there already."""

    def remove(self, grant_id: str) -> None:
        """Take the entry out; it is no error where there is none."""
