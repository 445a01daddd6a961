"""The part of a plan that one recipe is about."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.core.plan import BuildPlan, Job


def directory_of(plan: BuildPlan, name: str) -> str:
    """The folder of the recipe that a person calls so, by its name or its folder. UsageError where there is none."""
    known = {o.recipe for o in plan.outputs()} | {s.recipe for s in plan.skips} | {r.recipe for r in plan.refusals}
    known |= {problem.path.rpartition("/")[0] for problem in plan.problems}
    found = sorted(each for each in known if name.strip("/") in {each, each.rpartition("/")[2]})
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{name}` is the name of {len(found)} recipes", hint=f"say which: {', '.join(found)}")
    near = difflib.get_close_matches(name, [each.rpartition("/")[2] for each in known], n=1)
    hint = f"did you mean `{near[0]}`?" if near else "channel plan lists what there is"
    raise UsageError(f"there is no recipe `{name}`", hint=hint)


def files_of(plan: BuildPlan, directory: str) -> frozenset[str]:
    """The file names that the plan skips or refuses of the recipe, as published or otherwise."""
    named = [(skip.recipe, skip.what) for skip in plan.skips] + [(r.recipe, r.what) for r in plan.refusals]
    return frozenset(what for recipe, what in named if recipe == directory)


def narrowed(plan: BuildPlan, directory: str) -> BuildPlan:
    """The recipe's outputs and what they come after; of what is wrong, only what is wrong with those."""
    jobs = tuple(kept for job in plan.jobs if (kept := _job(job, directory)).outputs)
    recipes = {directory} | {output.recipe for job in jobs for output in job.outputs}
    return replace(
        plan, jobs=jobs, unowned=(), skips=tuple(s for s in plan.skips if s.recipe == directory),
        refusals=tuple(r for r in plan.refusals if r.recipe in recipes),
        problems=tuple(p for p in plan.problems if p.path.rpartition("/")[0] in recipes),
    )  # fmt: skip


def _job(job: Job, directory: str) -> Job:
    wanted = {str(output.filename) for output in job.outputs if output.recipe == directory}
    for output in reversed(job.outputs):  # in build order: what is required comes before
        if str(output.filename) in wanted:
            wanted |= set(output.requires)
    return replace(job, outputs=tuple(output for output in job.outputs if str(output.filename) in wanted))
