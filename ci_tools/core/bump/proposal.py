"""A new version as a person is asked to merge it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.core.bump.outcome import Bumped

UNQUOTABLE = re.compile(r"[`|<>\s]")  # what would end the quotes, or the cell, that an address stands in


def branch(bumped: Bumped) -> str:
    """One branch for each recipe: a newer version replaces the older proposal. It is of `[a-z0-9._/-]` alone."""
    name = re.sub(r"[^a-z0-9._-]+", "-", bumped.recipe.lower().replace("/", "-")).strip(".-")
    return f"bump/{re.sub(r'[.]{2,}', '.', name)}"


def title(bumped: Bumped) -> str:
    """`howmuch 1.0 -> 1.1`."""
    return f"{bumped.name} {bumped.before} -> {bumped.after}"


def body(bumped: Bumped) -> str:
    """What was found and done, and what to look at before merging."""
    fetched = "".join(f"| {_code(url)} | {_code(digest)} |\n" for url, digest in bumped.fetched)
    table = f"\n| fetched | SHA-256 |\n|---|---|\n{fetched}" if fetched else ""
    notes = "".join(f"- {note}\n" for note in bumped.notes)
    return (
        f"{_code(bumped.announced)} announces version {_code(bumped.after)}; {_code(bumped.file)} is at "
        f"{_code(bumped.before)}.\n{table}\n"
        "Before you merge: do the requirements and the licence still hold? The checks of this pull request build and "
        f"test it.\n{notes}\n"
        "Not wanted? Close it, and say so in the recipe: `extra: {channel: {bump: {off: the reason}}}`, or a bound: "
        "`{versions: '<2'}`.\n"
    )


def _code(text: str) -> str:
    return f"`{UNQUOTABLE.sub('', text)}`"
