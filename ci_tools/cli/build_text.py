"""What `channel build` puts on stdout, and how it looks to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.plan import Aborted, BuildReport, Built, Failed
from ci_tools.core.quantities import size_text

if TYPE_CHECKING:
    from ci_tools.core.plan import Outcome

NOTHING = "there is nothing to build here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builds:
    """What each job made, in the plan's order."""

    jobs: tuple[BuildReport, ...]


def builds_text(builds: Builds) -> str:
    """A line for each output: what became of it, its file, seconds, and its size or the reason."""
    rows = [_row(outcome) for report in builds.jobs for outcome in report.outcomes]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    lines = [
        "  ".join((row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3])) for row in rows
    ]
    return "\n".join(lines) or NOTHING


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    name = f"{outcome.subdir}/{outcome.filename}"
    match outcome:
        case Built():
            return outcome.status, name, f"{outcome.seconds:.1f} s", size_text(outcome.size)
        case Failed():
            return outcome.status, name, f"{outcome.seconds:.1f} s", outcome.because
        case Aborted():
            return outcome.status, name, "", outcome.because
        case _ as never:
            assert_never(never)
