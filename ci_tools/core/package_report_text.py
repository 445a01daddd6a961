"""Package reports as people read them: in a terminal, and in the summary of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.core.quantities import counted, size_text
from ci_tools.core.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_tools.core.package_report import Change, PackageDiff, Reported

MOST = 20  # entries of a list that are named


def report_text(reports: Sequence[Reported]) -> str:
    """A block for each package."""
    return "\n\n".join("\n".join(_block(reported)) for reported in reports)


def report_markdown(reports: Sequence[Reported]) -> str:
    """A heading and a table for each package: what it is, beside what changed."""
    return "\n".join(line for reported in reports for line in _section(reported))


def _block(reported: Reported) -> Iterator[str]:
    package, diff = reported.package, reported.diff
    yield f"{package.subdir}/{package.filename}"
    for name, now, change in _facts(reported):
        yield printable(f"  {name:<14}{now}{f'   ({change})' if change else ''}")
    if diff is None:
        yield "  nothing of this name is published here: there is nothing to compare with"
    else:
        yield from (printable(f"  ! {sentence}") for sentence in diff.breaks)


def _section(reported: Reported) -> Iterator[str]:
    package, diff = reported.package, reported.diff
    against = f"against {code(diff.before)}" if diff else "nothing of this name is published"
    yield f"\n#### {code(f'{package.subdir}/{package.filename}')}, {against}\n"
    if diff:
        yield from (f"> **{cell(sentence)}**\n" for sentence in diff.breaks)
    yield from table(("", "now", "change"), [(name, cell(now), cell(change)) for name, now, change in _facts(reported)])


def _facts(reported: Reported) -> Iterator[tuple[str, str, str]]:
    """Name, what is so, and what changed."""
    package, diff = reported.package, reported.diff
    exports = [f"{kind}: {spec}" for kind, specs in package.run_exports.to_json().items() for spec in specs]
    yield "size", size_text(package.size), _growth(diff)
    yield "files", counted(len(package.files), "file"), _said(diff.files if diff else None)
    yield "depends", _listed(package.depends), _said(diff.depends if diff else None)
    if package.constrains or (diff and diff.constrains):
        yield "constrains", _listed(package.constrains), _said(diff.constrains if diff else None)
    yield "run_exports", _listed(exports), _said(diff.run_exports if diff else None)
    yield "licences", _listed(package.licenses), _said(diff.licenses if diff else None)
    yield "sonames", _listed(package.sonames.values()), _said(diff.sonames if diff else None)
    yield "links to", _listed(package.linked), _said(diff.linked if diff else None)
    yield "prefix in", _listed(f"{path} ({mode})" for path, mode in package.prefixes.items()), ""


def _growth(diff: PackageDiff | None) -> str:
    if diff is None or not diff.grown:
        return ""
    return f"{'+' if diff.grown > 0 else '-'}{size_text(abs(diff.grown))}"


def _listed(items: Iterable[str]) -> str:
    found = list(items)
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + more if found else "none"


def _said(change: Change | None) -> str:
    if not change:
        return ""
    words = (("new", change.new), ("gone", change.gone), ("changed", change.altered))
    return "; ".join(f"{word}: {_listed(items)}" for word, items in words if items)
