"""How a plan looks to a person: what will be built and why, what not, and what is refused."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core.plan import Reason, Role
from ci_tools.core.quantities import counted
from ci_tools.core.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_tools.core.plan import BuildPlan, Job, PlannedOutput, Refusal, Skip

SHORT = 12  # characters of a commit id that a person is shown
COUNTED = (Reason.UNCHANGED, Reason.PUBLISHED)  # skips that are only counted unless all are asked for
MOST_PATHS = 10  # changed paths of nobody that are named
MOST_NAMES = 6  # packages that are named where many are skipped for one reason
MINUTE = 60
ROLES = {Role.SHIP: "", Role.TEST: "only tested: ", Role.SCAFFOLD: "not published from here: "}


def plan_text(plan: BuildPlan, *, verbose: bool = False, width: int = 0) -> str:
    """The plan as lines of at most `width` columns, 0 for any; `verbose` names every skip and cuts nothing."""
    room = 0 if verbose else width
    parts = [
        *_built(plan.jobs, room),
        *_skipped([s for s in plan.skips if verbose or s.reason not in COUNTED], verbose=verbose, width=room),
        *_refused(plan.refusals, room),
        *([] if verbose else _counts(plan.skips)),
        *_unowned(plan.unowned, verbose=verbose),
        *([f"wrong: {counted(len(plan.problems), 'problem')}, told below"] if plan.problems else []),
        _summary(plan),
    ]
    return "\n".join(part for part in parts if part)


def _built(jobs: Sequence[Job], width: int) -> Iterator[str]:
    """A heading for each job, and a row for each package below it; columns are those of the whole table."""
    rows = [_built_row(output) for job in jobs for output in job.outputs]
    lines = iter(_columns(rows, width, indent="    "))
    if jobs:
        yield f"build ({len(rows)})"
    for job in jobs:
        known = ", about " + _lasts(job.seconds) if job.seconds else ""
        yield _cut(f"  {one_line(job.id)}  on {one_line(job.runner) or job.subdir}{known}", width)
        yield from (next(lines) for _ in job.outputs)


def _built_row(output: PlannedOutput) -> tuple[str, ...]:
    dist = output.filename.dist
    return (dist.name, dist.version, dist.build, output.subdir, ROLES[output.role] + output.because)


def _lasts(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < MINUTE else f"{round(seconds / MINUTE)} min"


def _skipped(skips: Sequence[Skip], *, verbose: bool, width: int) -> Iterator[str]:
    """One line for each package; those that share a reason on one line, unless all are asked for."""
    if skips:
        yield f"skip ({len(skips)})"
    groups: dict[str, list[str]] = defaultdict(list)
    for skip in skips:
        groups[skip.because].append(skip.what if verbose else _package(skip.what))
    rows = [(_names(names, verbose=verbose), because) for because, names in groups.items()]
    yield from _columns(rows, width, indent="  ")


def _package(what: str) -> str:
    """The name in a file name, or what else is skipped."""
    return what.rsplit("-", 2)[0] if what.endswith((".conda", ".tar.bz2")) else what


def _names(names: Sequence[str], *, verbose: bool) -> str:
    kept = list(dict.fromkeys(names))
    shown = kept if verbose else kept[:MOST_NAMES]
    more = f" and {len(kept) - len(shown)} more" if len(shown) < len(kept) else ""
    return f"{', '.join(shown)}{more}"


def _refused(refusals: Sequence[Refusal], width: int) -> Iterator[str]:
    if refusals:
        yield f"refuse ({len(refusals)})"
    for refusal in refusals:
        yield _cut(f"  {one_line(refusal.what)}: {refusal.reason.value}", width)
        yield f"    {one_line(refusal.because)}"
        yield f"    {one_line(refusal.hint)}"


def _columns(rows: Sequence[tuple[str, ...]], width: int, *, indent: str) -> list[str]:
    """The rows in columns. A last cell for which there is no room stands in a line of its own, below."""
    shown = [tuple(map(one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)][:-1]
    lines: list[str] = []
    for row in shown:
        start = indent + "".join(cell.ljust(w + 2) for cell, w in zip(row[:-1], widths, strict=True))
        if width and len(start) + len(row[-1]) > width:
            lines.append(f"{_cut(start, width)}\n{_cut(f'{indent}    {row[-1]}', width)}")
        else:
            lines.append((start + row[-1]).rstrip())
    return lines


def _cut(line: str, width: int) -> str:
    line = line.rstrip()
    return line if not width or len(line) <= width else f"{line[: width - 1]}…"


def _counts(skips: Iterable[Skip]) -> list[str]:
    reasons = [skip.reason for skip in skips]
    words = {
        Reason.PUBLISHED: ("output is", "outputs are", "published already"),
        Reason.UNCHANGED: ("recipe is", "recipes are", "unchanged"),
    }
    return [
        f"{count} {one if count == 1 else many} {rest}; -v names them"
        for reason, (one, many, rest) in words.items()
        if (count := reasons.count(reason))
    ]


def _unowned(paths: Sequence[str], *, verbose: bool) -> list[str]:
    if not paths:
        return []
    shown = paths if verbose else paths[:MOST_PATHS]
    more = [f"  and {len(paths) - len(shown)} more"] if len(shown) < len(paths) else []
    return [f"changed, and of no recipe ({len(paths)})", *(f"  {one_line(path)}" for path in shown), *more]


def _summary(plan: BuildPlan) -> str:
    since = f"since {plan.base[:SHORT]}" if plan.base else "in all"
    against = f"generation {plan.generation}" if plan.generation else "a channel in which nothing is published"
    compared = f"(what changed {since}, against {against})" if plan.base else f"(all recipes, against {against})"
    if not plan.jobs:
        return f"nothing {'to build' if plan.refusals or plan.problems else 'to do'} {compared}"
    return f"{counted(len(plan.outputs()), 'output')} in {counted(len(plan.jobs), 'job')} {compared}"
