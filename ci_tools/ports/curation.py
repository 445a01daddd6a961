"""What the repository says of published packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.curation import Yank


class YankRegistry(Protocol):
    """The yanks as reviewed git state, `.github/yanked.yaml`. A change keeps comments and order of the rest."""

    def yanks(self) -> tuple[Yank, ...]:
        """Every yank, in the file's order; none where there is no file. UsageError lists every mistake."""

    def add(self, yanks: Iterable[Yank]) -> None:
        """Write these at the end."""

    def remove(self, keys: Iterable[str]) -> None:
        """Take the entries of these packages out."""
