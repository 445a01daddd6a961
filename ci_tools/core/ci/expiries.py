"""What of a channel expires soon, and what renews it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_tools.core.access import Grant
    from ci_tools.core.generation import Expiries

OVERDUE = timedelta(
    days=2
)  # a timestamp lasts a week and is renewed daily: with less left, the job that does it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """One thing, until when, and what renews it."""

    what: str
    until: datetime
    hint: str


def expiring(
    signed: Expiries, certificate: datetime, grants: Iterable[Grant], soon: datetime, now: datetime
) -> tuple[Expiring, ...]:  # fmt: skip
    """What ends before `soon`, the soonest first; what is renewed daily, where it was not."""
    renewed = [("the index's timestamp", signed.timestamp), ("the index's snapshot", signed.snapshot)]
    late = [
        Expiring(what=what, until=until, hint="channel index refresh")
        for what, until in renewed
        if until < now + OVERDUE
    ]
    ends = [
        Expiring(what="the index's targets", until=signed.targets, hint="channel index refresh"),
        Expiring(what="the publisher's certificate", until=certificate, hint="channel keys rotate publisher"),
        *(
            Expiring(what=f"the grant `{grant.name}`", until=grant.expires, hint=f"{grant.owner} asks for a new one")
            for grant in grants
        ),
    ]
    found = [*late, *(each for each in ends if now <= each.until < soon)]
    return tuple(sorted(found, key=lambda each: (each.until, each.what)))


def markdown(is_sound: bool, told: str, soon: Sequence[Expiring]) -> str:  # noqa: FBT001 (what the summary begins with)
    """The summary of a run."""
    lines = [f"### The channel {'holds' if is_sound else 'does not hold'}\n", "```", told.replace("```", "'''"), "```"]
    rows = [(cell(each.what), f"{each.until:%Y-%m-%d}", cell(each.hint)) for each in soon]
    return "\n".join((*lines, *table(("expires soon", "on", "what to do"), rows)))
