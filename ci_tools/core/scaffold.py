"""A channel repository as `channel init` makes it, and what of one is not as this version would make it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.infrastructure import scaffold

if TYPE_CHECKING:
    from collections.abc import Mapping

CALL = re.compile(
    r"uses: (?P<workflows>\S+?)/\.github/workflows/channel-[a-z-]+\.yml(?P<ref>@[0-9a-f]{40}(?: # \S+)?)?\s"
)
REFERENCE = re.compile(r"(?P<workflows>[\w.-]+/[\w.-]+)@(?P<sha>[0-9a-f]{40})(?:#(?P<version>[\w.-]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose workflows are called: `owner/name` and a commit, or `$` where they are in the same repository."""

    workflows: str
    ref: str = ""  # `@<sha> # <version>`

    @classmethod
    def parse(cls, text: str) -> Origin | None:
        """`owner/name@<40 digits>#<version>`, or `$`; None where it is neither."""
        if text == "$":
            return cls(workflows="$")
        found = REFERENCE.fullmatch(text)
        if not found:
            return None
        comment = f" # {found['version']}" if found["version"] else ""
        return cls(workflows=found["workflows"], ref=f"@{found['sha']}{comment}")

    @classmethod
    def of(cls, text: str) -> Origin | None:
        """What the text of a caller says."""
        found = CALL.search(text)
        return cls(workflows=found["workflows"], ref=found["ref"] or "") if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new channel repository is asked for. `store` is its block of channel.yaml."""

    channel: str
    url: str
    subdirs: tuple[str, ...]
    owner: str
    codeowner: str
    store: str
    origin: Origin


class State(StrEnum):
    """How a file of the scaffold stands."""

    MISSING = "missing"
    STALE = "out of date"
    PRESENT = "there"


def files(answers: Answers) -> dict[str, str]:
    """Path -> text of everything that a new repository gets."""
    values = {
        "channel": answers.channel,
        "short": answers.channel.replace("/", "-"),
        "url": answers.url,
        "subdirs": ", ".join(answers.subdirs),
        "owner": answers.owner,
        "codeowner": answers.codeowner,
        "store": answers.store,
    }
    return {path: _filled(scaffold.text(name), values) for path, name in scaffold.FIRST.items()} | managed(
        answers.origin
    )


def managed(origin: Origin) -> dict[str, str]:
    """Path -> text of what is ours: the callers."""
    values = {"workflows": origin.workflows, "ref": origin.ref}
    return {path: _filled(scaffold.text(name), values) for path, name in scaffold.MANAGED.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@@([a-z]+)@@", lambda found: values[found[1]], text)


def standing(present: Mapping[str, str | None]) -> dict[str, State]:
    """How each file stands, given the texts that there are. A caller may name any commit: Dependabot raises it."""
    found: dict[str, State] = {}
    for path in (*scaffold.FIRST, *scaffold.MANAGED):
        text = present.get(path)
        origin = Origin.of(text) if text and path in scaffold.MANAGED else None
        if text is None:
            found[path] = State.MISSING
        elif path in scaffold.MANAGED and (origin is None or managed(origin)[path] != text):
            found[path] = State.STALE
        else:
            found[path] = State.PRESENT
    return found
