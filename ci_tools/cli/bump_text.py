"""How new versions look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ci_tools.core.bump.outcome import Bumped, BumpReport, Later, Left, Newest, Outcome
from ci_tools.core.quantities import counted
from ci_tools.core.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

INDENT = "  "


def bump_text(report: BumpReport, *, verbose: bool = False) -> str:
    """The new versions as a table, then what could not be found out; `verbose` names every recipe."""
    pulls = dict(report.pulls)
    rows = [_row(bumped, pulls.get(bumped.recipe, 0)) for bumped in report.bumped()]
    rest = [line for outcome in report.outcomes for line in _lines(outcome, verbose=verbose)]
    return "\n".join(map(one_line, [*_columns(rows), *rest]))


def _row(bumped: Bumped, pull: int) -> tuple[str, ...]:
    return (bumped.recipe, f"{bumped.before} -> {bumped.after}", f"#{pull}" if pull else "", bumped.announced)


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width] for row in rows]
    return ["  ".join(cells).rstrip() for cells in shown]


def _lines(outcome: Outcome, *, verbose: bool) -> tuple[str, ...]:
    match outcome:
        case Bumped(notes=notes):
            return tuple(f"{outcome.recipe}: {note}" for note in notes)
        case Newest(version=version):
            return (f"{outcome.recipe}: {version} is the newest",) if verbose else ()
        case Later():
            return (f"{outcome.recipe}: not asked this time",) if verbose else ()
        case Left(because=because, hint=hint):
            if outcome.is_meant:
                return (f"{outcome.recipe}: left alone: {because}",) if verbose else ()
            return (f"{outcome.recipe}: {because}", *([f"{INDENT}{hint}"] if hint else []))
        case _:
            assert_never(outcome)


def summary(report: BumpReport, *, dry_run: bool, propose: bool) -> str:
    """What came of it, in one line."""
    counts = {kind: sum(isinstance(o, kind) for o in report.outcomes) for kind in (Bumped, Newest, Later)}
    meant = sum(isinstance(o, Left) and o.is_meant for o in report.outcomes)
    unclear = sum(isinstance(o, Left) and not o.is_meant for o in report.outcomes)
    done = ("would be " if dry_run else "") + ("proposed" if propose else "written")
    parts = [f"{counted(counts[Bumped], 'new version')} {done}" if counts[Bumped] else "nothing new"]
    parts += [f"{counts[Newest]} at the newest"] if counts[Newest] else []
    parts += [f"{meant} left alone"] if meant else []
    parts += [f"{unclear} unclear"] if unclear else []
    parts += [f"{counts[Later]} not asked this time"] if counts[Later] else []
    return ", ".join(parts)
