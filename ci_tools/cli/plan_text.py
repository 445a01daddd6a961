"""How a plan looks to a person: what will be built and why, what not, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.plan import Reason
from ci_tools.core.quantities import counted
from ci_tools.core.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_tools.core.plan import BuildPlan, Job, Skip

SHORT = 12  # characters of a commit id that a person is shown
COUNTED = (Reason.UNCHANGED, Reason.PUBLISHED)  # skips that are only counted unless all are asked for
MOST_PATHS = 10  # changed paths of nobody that are named


def plan_text(plan: BuildPlan, *, verbose: bool = False) -> str:
    """The plan as lines; `verbose` names every skip."""
    parts = [
        _section("build", [_built_row(job, at) for job in plan.jobs for at in range(len(job.outputs))]),
        _section("skip", [_skip_row(skip) for skip in plan.skips if verbose or skip.reason not in COUNTED]),
        _section("refuse", [(r.what, r.reason.value, r.because, r.hint) for r in plan.refusals]),
        *([] if verbose else _counts(plan.skips)),
        *_unowned(plan.unowned, verbose=verbose),
        _summary(plan),
    ]
    return "\n".join(part for part in parts if part)


def _built_row(job: Job, at: int) -> tuple[str, ...]:
    output = job.outputs[at]
    return (job.id if not at else "", f"{output.subdir}/{output.filename}", output.reason.value, output.because)


def _skip_row(skip: Skip) -> tuple[str, ...]:
    return (skip.what, skip.reason.value, skip.because)


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> str:
    """A heading and the rows below it, in columns; nothing where there are none."""
    if not rows:
        return ""
    shown = [tuple(map(_one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "\n".join([f"{title} ({len(rows)})", *(f"  {line}".rstrip() for line in lines)])


def _one_line(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


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
    return [f"changed, and of no recipe ({len(paths)})", *(f"  {_one_line(path)}" for path in shown), *more]


def _summary(plan: BuildPlan) -> str:
    since = f"since {plan.base[:SHORT]}" if plan.base else "in all"
    against = f"generation {plan.generation}" if plan.generation else "a channel in which nothing is published"
    compared = f"(what changed {since}, against {against})" if plan.base else f"(all recipes, against {against})"
    if not plan.jobs:
        return f"nothing to build {compared}" if plan.refusals else f"nothing to do {compared}"
    network = "; builds reach no network" if plan.network == "none" else ""
    return f"{counted(len(plan.outputs()), 'output')} in {counted(len(plan.jobs), 'job')} {compared}{network}"
