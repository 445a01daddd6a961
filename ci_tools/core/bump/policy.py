"""What a recipe says of its bumps: `extra: channel: {bump: …}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from ci_tools.core.written import Field, Written

SECTION = ("extra", "channel", "bump")
KINDS = ("pypi", "releases", "tags", "listing")
KEYS = ("from", "kind", "off", "prereleases", "tag", "versions")
NO, YES = {"false", "no"}, {"true", "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`off` is why it is never bumped, empty where it may be. The rest is empty where the recipe leaves it open.

    `versions` is a match spec's version part: `<2`, `1.*`. `tag` is a regular expression whose first group is the
    version in the name of a tag, a release or a file. `where` and `kind` say where versions are announced.
    """

    off: str = ""
    where: str = ""
    kind: str = ""
    versions: str = ""
    tag: str = ""
    prereleases: bool = False


def policy(written: Written) -> Policy:
    """The policy of a recipe. RecipeError with line and column where it says something that means nothing."""
    said = written.first(*SECTION)
    if said is None:
        return Policy()
    if said.value is not None:
        return _switch(written, said)
    fields = {f.key: f for f in written.below(*SECTION) if len(f.path) == len(SECTION) + 1}
    wrong = tuple(problem for f in fields.values() if (problem := _wrong(written, f)))
    if wrong:
        raise RecipeError(*wrong)
    texts = {str(key): field.value or "" for key, field in fields.items()}
    return Policy(
        off=texts.get("off", ""),
        where=texts.get("from", ""),
        kind=texts.get("kind", ""),
        versions=texts.get("versions", ""),
        tag=texts.get("tag", ""),
        prereleases=texts.get("prereleases", "").lower() in YES,
    )


def _switch(written: Written, said: Field) -> Policy:
    """`bump: false` or `bump: true`."""
    if (said.value or "").lower() in NO | YES:
        return Policy(off="the recipe says so" if (said.value or "").lower() in NO else "")
    raise RecipeError(_problem(written, said, f"`bump: {said.value}` means nothing", "say `bump: false`, or a mapping"))


def _wrong(written: Written, field: Field) -> Problem | None:
    value = field.value
    if field.key not in KEYS:
        return _problem(written, field, f"`bump: {field.key}` means nothing", f"known are {', '.join(KEYS)}")
    if value is None or not value:
        return _problem(written, field, f"`bump: {field.key}` is empty", "say one text")
    if field.key == "kind" and value not in KINDS:
        return _problem(written, field, f"`{value}` is no kind of place", f"one of {', '.join(KINDS)}")
    if field.key == "prereleases" and value.lower() not in NO | YES:
        return _problem(written, field, "`bump: prereleases` is true or false", "")
    if field.key == "tag" and not _has_a_group(value):
        return _problem(written, field, f"`{value}` is no expression with one group", "as in `tag: 'v(.*)'`")
    return None


def _has_a_group(text: str) -> bool:
    try:
        return re.compile(text).groups == 1
    except re.error:
        return False


def _problem(written: Written, field: Field, message: str, hint: str) -> Problem:
    return Problem(message=message, hint=hint, path=written.recipe.file, line=field.line, column=field.column)
