"""A plan on the page of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.core.plan import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.ci.occasion import Occasion
    from ci_tools.core.plan import BuildPlan

COUNTED = (Reason.UNCHANGED, Reason.PUBLISHED)


def markdown(plan: BuildPlan, occasion: Occasion, *, unknown: str = "") -> str:
    """What will be built and why, what is skipped, what is refused; `unknown`: why nothing is known of the channel."""
    return "\n".join(_lines(plan, occasion, unknown))


def _lines(plan: BuildPlan, occasion: Occasion, unknown: str) -> Iterator[str]:
    outputs = plan.outputs()
    packages = f"{len(outputs)} {'package' if len(outputs) == 1 else 'packages'}"
    yield f"### Plan: {packages if outputs else 'nothing'} to build\n"
    against = "unknown content" if unknown else f"generation {plan.generation}"
    yield f"For {occasion.because}, against a channel with {against}.\n"
    if unknown:
        yield f"> What is published is not known: {cell(unknown)}\n"
    rows = [(code(job.id), code(f"{o.subdir}/{o.filename}"), cell(o.because)) for job in plan.jobs for o in job.outputs]
    yield from table(("job", "package", "because"), rows)
    yield from _refused(plan)
    skips = [skip for skip in plan.skips if skip.reason not in COUNTED]
    if skips:
        yield f"\n<details><summary>Skipped: {len(skips)}</summary>\n"
        yield from table(("what", "because"), [(code(skip.what), cell(skip.because)) for skip in skips])
        yield "\n</details>"
    if plan.unowned:
        yield f"\nChanged, and of no recipe: {', '.join(map(code, plan.unowned[:20]))}"


def _refused(plan: BuildPlan) -> Iterator[str]:
    if plan.refusals:
        yield "\n**Refused**\n"
        yield from table(
            ("what", "because", "what to do"), [(code(r.what), cell(r.because), cell(r.hint)) for r in plan.refusals]
        )
