"""How the standing of a channel, and what was done to its index, looks to a person."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ci_tools.core.fsck import PREVIEW
from ci_tools.core.quantities import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ci_tools.core.fsck import CheckReport, Difference
    from ci_tools.core.gc_report import Collected, GcReport
    from ci_tools.core.history import History, Step
    from ci_tools.core.receipt import RunReport
    from ci_tools.core.record_diff import IndexDiff, RecordDiff
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
    commit = f" of {cause.commit[:12]}" if cause.commit else ""
    yield f"generation {standing.generation}, {cause.what}{commit} by {cause.who}"
    left = (standing.expires - now).days
    due = f"in {left} days" if left >= 0 else "it has EXPIRED: clients that verify refuse it; a publish renews it"
    yield f"signed until {standing.expires:%Y-%m-%d %H:%M} UTC, {due}"
    for subdir in standing.subdirs:
        yield f"  {subdir.subdir:12} {counted(subdir.packages, 'package'):>16}  {counted(subdir.names, 'name'):>12}"
    if standing.behind:
        yield f"behind ({len(standing.behind)}): the next publish writes them"
        yield from (f"  {key}" for key in standing.behind)


def history_text(history: History) -> str:
    """One line a generation."""
    lines = [_step(step) for step in history.steps] or ["nothing is published yet"]
    return "\n".join((history.channel, *lines, *(("  … (--most shows more)",) if history.older else ())))


def _step(step: Step) -> str:
    at = f"{step.at:%Y-%m-%d %H:%M}" if step.at else "unknown"
    did = [f"{step.published} published"] if step.published else []
    did += [f"{count} {what}" for what, count in step.changes]
    commit = f" of {step.cause.commit[:12]}" if step.cause.commit else ""
    why = f"{step.cause.what}{commit} by {step.cause.who}"
    return f"  {step.generation:5}  {at:16}  {why}: {', '.join(did) or 'no package'}"


def done_text(done: RunReport, expires: datetime | None) -> str:
    """The generation that was made, and what it did."""
    return "\n".join(_done(done, expires))


def _done(done: RunReport, expires: datetime | None) -> Iterator[str]:
    if done.receipt:
        yield f"generation {done.receipt.generation}: {done.receipt.cause.what}"
        for change in done.receipt.changes:
            yield f"  {change.did:10} {change.key}" + (f": {change.because}" if change.because else "")
    elif done.projected:
        yield "completed what a run that died had left: the index files are those of the present generation"
    else:
        yield "nothing to do"
    if expires:
        yield f"signed until {expires:%Y-%m-%d %H:%M} UTC"


def gc_text(report: GcReport, *, verbose: bool) -> str:
    """What was deleted, what is doomed and from when on it may go."""
    return "\n".join(_collected(report, verbose=verbose))


def _collected(report: GcReport, *, verbose: bool) -> Iterator[str]:
    if report.kept:
        yield f"kept ({len(report.kept)}): generation {_ranges(report.kept)}"
    if report.deleted:
        yield f"deleted ({len(report.deleted)}, {size_text(report.freed)})"
        yield from preview_lines([f"  {each.key}" for each in report.deleted], verbose=verbose)
    for due, group in groupby(sorted(report.doomed, key=_due), key=_due):
        doomed = list(group)
        yield f"doomed ({len(doomed)}, {size_text(sum(each.size for each in doomed))}), to be deleted from {due} on"
        yield from preview_lines([f"  {each.key}" for each in doomed], verbose=verbose)
    if not report.deleted and not report.doomed:
        yield "nothing to collect"


def _due(each: Collected) -> str:
    return f"{each.due:%Y-%m-%d %H:%M} UTC" if each.due else ""


def _ranges(numbers: Sequence[int]) -> str:
    """`7, 9-12`."""
    runs = [list(run) for _, run in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0])]
    ends = ((run[0][1], run[-1][1]) for run in runs)
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ends)


def preview_lines(lines: Sequence[str], *, verbose: bool) -> Iterator[str]:
    """The first of the lines; all of them under -v."""
    yield from lines if verbose else lines[:PREVIEW]
    if len(lines) > PREVIEW and not verbose:
        yield f"  … and {len(lines) - PREVIEW} more (-v lists all)"


def check_text(report: CheckReport, *, verbose: bool) -> str:
    """The differences by kind, each with what mends it, and what was looked at."""
    return "\n".join(_checked(report, verbose=verbose))


def _checked(report: CheckReport, *, verbose: bool) -> Iterator[str]:
    if report.mended:
        yield f"mended ({len(report.mended)})"
        yield from preview_lines([_difference(each) for each in report.mended], verbose=verbose)
    for (fault, mend), group in groupby(report.differences, key=lambda each: (each.fault, each.mend)):
        found = list(group)
        yield f"{fault} ({len(found)})"
        yield from preview_lines([_difference(each) for each in found], verbose=verbose)
        if mend:
            yield f"    mend: {mend}"
    if report.generation:
        counts = ((report.objects, "object"), (report.packages, "package"), (report.documents, "document"))
        looked = ", ".join(counted(number, noun) for number, noun in counts)
        yield f"{report.channel} is at generation {report.generation}: {looked}"
    elif not report.differences:
        yield f"{report.channel}: nothing is published yet"
    if report.ok and report.generation:
        yield "whole"


def _difference(each: Difference) -> str:
    return f"  {each.where}: {each.what}"


def diff_text(diff: IndexDiff, otherwise: str) -> str:
    """Each record that would read otherwise, and how; `otherwise` where there is none."""
    lines = [line for record in diff.records for line in _diff(record)]
    return "\n".join(lines or (otherwise,))


def _diff(record: RecordDiff) -> Iterator[str]:
    yield f"{record.did:10} {record.key}" + (f": {record.because}" if record.because else "")
    yield from (f"    {line}" for line in record.lines)
