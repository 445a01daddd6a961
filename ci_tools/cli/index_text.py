"""How the standing of a channel looks to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.quantities import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ci_tools.core.standing import ChannelStanding


def status_text(standing: ChannelStanding, now: datetime) -> str:
    """The generation, what it holds, and what is due."""
    return "\n".join(_lines(standing, now))


def _lines(standing: ChannelStanding, now: datetime) -> Iterator[str]:
    yield standing.channel
    if standing.cause is None or standing.expires is None:
        yield "nothing is published yet"
        return
    cause = standing.cause
    yield f"generation {standing.generation}, {cause.what} of {cause.commit[:12]} by {cause.who}"
    left = (standing.expires - now).days
    due = f"in {left} days" if left >= 0 else "it has EXPIRED: clients that verify refuse it; a publish renews it"
    yield f"signed until {standing.expires:%Y-%m-%d %H:%M} UTC, {due}"
    for subdir in standing.subdirs:
        yield f"  {subdir.subdir:12} {counted(subdir.packages, 'package'):>16}  {counted(subdir.names, 'name'):>12}"
    if standing.behind:
        yield f"behind ({len(standing.behind)}): the next publish writes them"
        yield from (f"  {key}" for key in standing.behind)
