"""How an import looks to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.cli.index_text import preview_lines
from ci_tools.core.quantities import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_tools.core.importing import ImportPlan
    from ci_tools.core.receipt import Refused, RunReport


def plan_text(plan: ImportPlan, *, verbose: bool) -> str:
    """What would come, and what would not."""
    return "\n".join(_plan(plan, verbose=verbose))


def imported_text(done: RunReport, plan: ImportPlan, *, verbose: bool) -> str:
    """What came, and what did not."""
    return "\n".join(_imported(done, plan, verbose=verbose))


def _plan(plan: ImportPlan, *, verbose: bool) -> Iterator[str]:
    yield f"would import {counted(len(plan.wanted), 'package')} ({size_text(plan.size)}) from {plan.source}"
    yield from preview_lines([f"  {each.key}  {size_text(each.record.size)}" for each in plan.wanted], verbose=verbose)
    yield from _rest(len(plan.already), plan.refused, plan.missing)


def _imported(done: RunReport, plan: ImportPlan, *, verbose: bool) -> Iterator[str]:
    if done.receipt:
        count = counted(len(done.receipt.published), "package")
        yield f"generation {done.receipt.generation}: imported {count} from {plan.source}"
        lines = [f"  {p.subdir}/{p.filename}  {size_text(p.size)}" for p in done.receipt.published]
        yield from preview_lines(lines, verbose=verbose)
    else:
        yield "nothing to do" if not done.refused else "nothing was imported"
    yield from _rest(len(plan.already), done.refused, plan.missing)


def _rest(already: int, refused: Sequence[Refused], missing: Sequence[str]) -> Iterator[str]:
    if already:
        yield f"already here ({already})"
    if refused:
        yield f"not imported ({len(refused)})"
        yield from (f"  {each.what}: {each.because}" for each in refused)
    if missing:
        yield f"neither there nor here ({len(missing)})"
        yield from (f"  {spec}" for spec in missing)
