"""What `channel access` puts on stdout: values, and how each looks to a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.core.access import Grant
from ci_tools.core.access_sync import GrantStanding, SyncPlan
from ci_tools.core.registry import entry_lines

if TYPE_CHECKING:
    from ci_tools.core.client_setup import ClientSetup

COLUMNS = ("ID", "NAME", "OWNER", "CHANNELS", "EXPIRES", "STATE")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """The one time that a token is shown. `entry` is what the registry gets."""

    token: str = field(repr=False)
    grant: Grant
    entry: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessList:
    """Everybody who has access, or had."""

    grants: tuple[GrantStanding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did, by token id."""

    admitted: tuple[str, ...]
    refused: tuple[str, ...]
    held_back: tuple[str, ...]

    @classmethod
    def of(cls, plan: SyncPlan) -> SyncReport:
        """What is told of a plan."""
        return cls(admitted=tuple(g.id for g in plan.admit), refused=plan.refuse, held_back=plan.held_back)


def issued(value: IssuedToken) -> str:
    """The token alone, so that `TOKEN=$(channel access token …)` works."""
    return value.token


def entry_text(grant: Grant) -> str:
    """The lines to paste below `grants:`."""
    return "\n".join(entry_lines(grant))


def access_list(value: AccessList) -> str:
    """A table; the column widths are those of the longest cell."""
    if not value.grants:
        return "nobody has access yet: channel access grant NAME --owner OWNER"
    rows = [COLUMNS, *(_row(standing) for standing in value.grants)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(standing: GrantStanding) -> tuple[str, ...]:
    owner, name = standing.owner or "-", standing.name or "-"
    return (standing.id, name, owner, " ".join(standing.channels), _left(standing.days), standing.state.value)


def _left(days: int) -> str:
    if days == 0:
        return "within a day"
    count = f"{abs(days)} day{'s' if abs(days) > 1 else ''}"
    return f"in {count}" if days > 0 else f"{count} ago"


def ending(standing: GrantStanding) -> str:
    """`ends in 3 days`, `ended 3 days ago`."""
    left = _left(standing.days)
    return f"ended {left}" if standing.days < 0 else f"ends {left}"


def sync_report(value: SyncReport) -> str:
    """One line for each change."""
    lines = [f"let in   {grant_id}" for grant_id in value.admitted]
    lines += [f"refused  {grant_id}" for grant_id in value.refused]
    lines += [f"held off {grant_id}: revoked at once, and still in the registry" for grant_id in value.held_back]
    return "\n".join(lines or ["nothing to do: the edge agrees with the registry"])


def client_setup_text(value: ClientSetup) -> str:
    """Commands to paste, with what they make above them."""
    head = (f"# {value.client}: the token goes into {value.file}", f"#   {value.content}", f"# {value.advice}")
    return "\n".join((*head, *value.commands))
