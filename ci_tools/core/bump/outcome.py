"""What came of looking for a new version of each recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bumped:
    """A recipe that has a new version. `text` is its whole file then; `notes` say what a person should look at."""

    recipe: str
    file: str
    name: str
    before: str
    after: str
    announced: str  # the address that announced it
    fetched: tuple[tuple[str, str], ...]  # address -> lower-hex SHA-256 of what is there now
    notes: tuple[str, ...]
    text: str
    kind: Literal["bumped"] = "bumped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """A recipe that is at the newest version that its policy allows."""

    recipe: str
    version: str
    announced: str
    kind: Literal["newest"] = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A recipe that is left as it is: it says so, or nothing is known of its versions, or it cannot be edited."""

    recipe: str
    because: str
    hint: str = ""
    is_meant: bool = False  # the recipe says so, or there is nothing to bump in it
    kind: Literal["left"] = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A recipe that was not asked about: enough others have a new version."""

    recipe: str
    kind: Literal["later"] = "later"


Outcome = Bumped | Newest | Left | Later


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpReport:
    """What came of each recipe, by directory. `pulls`: directory -> number of the pull request that proposes it."""

    outcomes: tuple[Outcome, ...]
    pulls: tuple[tuple[str, int], ...] = ()

    def bumped(self) -> tuple[Bumped, ...]:
        """Those that have a new version."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Bumped))
