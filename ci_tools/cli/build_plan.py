"""The plan of `channel build` where it is handed none: of one recipe, or of what a pull request has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_tools import wiring
from ci_tools.cli.plan import held, planned, repository_of, require_sound
from ci_tools.cli.plan_text import plan_text
from ci_tools.core.changes import Everything, Since
from ci_tools.core.narrowing import directory_of, files_of, narrowed
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.plan import BuildPlan
    from ci_tools.flows.published import Published

MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")  # what a pull request is usually for


def plan_of_recipe(run: Run, name: str) -> BuildPlan:
    """One recipe, whether it is published or not, with those of its prerequisites that the channel lacks."""
    subdirs = (wiring.machine(),)
    known = held(run, subdirs)
    found = planned(run, Everything(), subdirs, known)
    directory = directory_of(found, name)
    fresh = planned(run, Everything(), subdirs, _without(known, files_of(found, directory)))
    return _sound(run, narrowed(fresh, directory))


def _without(known: Published, files: frozenset[str]) -> Published:
    outputs = {
        subdir: tuple(output for output in there if str(output.filename) not in files)
        for subdir, there in known.outputs.items()
    }
    return replace(known, outputs=outputs)


def plan_of_changes(run: Run, base: str) -> BuildPlan:
    """What a pull request of the present state would build on this machine."""
    repository = repository_of(run)
    found = base or next((ref for ref in MAIN if repository.commit(ref)), "")
    if not found:
        hint = "name one: channel build --all-changed --base REF"
        raise UsageError("there is no main branch to compare with", hint=hint)
    subdirs = (wiring.machine(),)
    return _sound(run, planned(run, Since(base=found), subdirs, held(run, subdirs)))


def _sound(run: Run, plan: BuildPlan) -> BuildPlan:
    run.host.say(plan_text(plan, verbose=run.verbose))
    require_sound(plan)
    return plan
