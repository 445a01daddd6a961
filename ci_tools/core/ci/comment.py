"""The one comment of a pull request: what a merge would publish. A stranger may have chosen everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.core.quantities import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.ci.rehearsal import Expected, Rehearsal

MARKER = "<!-- channelsmith:pull-request -->"
PREVIEW_MARKER = "<!-- channelsmith:preview -->"
SHORT = 12


def comment(rehearsal: Rehearsal, run_url: str) -> str:
    """The comment's markdown, without its marker. `run_url` is ours."""
    return "\n".join(_lines(rehearsal, run_url))


def headline(rehearsal: Rehearsal) -> str:
    """One line: a check's title."""
    count, refused = len(rehearsal.expected), len(rehearsal.objections)
    packages = f"{count} {'package' if count == 1 else 'packages'}"
    if refused:
        return f"{packages} would be published, {refused} refused"
    return f"{packages} would be published" if count else "a merge would publish nothing"


def without_report(run_url: str, conclusion: str) -> str:
    """What is said of a run that left no report: it ended before there was a plan."""
    return f"### The run ended before there was a plan ({cell(conclusion)})\n\nIts [log]({run_url}) says why.\n"


def _lines(rehearsal: Rehearsal, run_url: str) -> Iterator[str]:
    yield f"### {headline(rehearsal)}\n"
    against = "what is published is unknown" if rehearsal.unknown else f"against generation {rehearsal.generation}"
    yield f"Of {code(rehearsal.head[:SHORT])}, {against}. [The run]({run_url})\n"
    if rehearsal.unknown:
        yield f"> {cell(rehearsal.unknown)}\n"
    rows = [
        (code(f"{e.subdir}/{e.filename}"), size_text(e.size), code(e.replaces) if e.replaces else "new", _diff(e))
        for e in rehearsal.expected
    ]
    yield from table(("package", "size", "after", "repodata"), rows)
    if rehearsal.objections:
        yield "\n**Would not be published**\n"
        objections = [(code(o.what), cell(o.because), cell(o.hint)) for o in rehearsal.objections]
        yield from table(("what", "because", "what to do"), objections)
    if rehearsal.skipped:
        yield f"\n{rehearsal.skipped} skipped: unchanged, published already, or not for these subdirs."


def _diff(expected: Expected) -> str:
    """What its record says otherwise than its predecessor's."""
    if not expected.replaces:
        return ""
    parts = []
    for change in expected.changes:
        texts = [f"-{code(t)}" for t in change.removed[:8]] + [f"+{code(t)}" for t in change.added[:8]]
        more = len(change.removed[8:]) + len(change.added[8:])
        parts.append(f"{cell(change.name)}: {' '.join(texts)}{f' and {more} more' if more else ''}")
    return "<br>".join(parts) or "the same dependencies"
