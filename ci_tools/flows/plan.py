"""Plan: what a span of commits means for the channel, rendered by processes of their own and decided by the planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_tools.core import mistakes
from ci_tools.core.assignments import assignments
from ci_tools.core.planner import PlanSettings, Survey, decide
from ci_tools.flows.detect import Detected, detect
from ci_tools.flows.reconfigured import reconfigured
from ci_tools.ports import BuildBackend, Renderer, Repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.changes import Span
    from ci_tools.core.holdings import PublishedOutput
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.recipe import Recipe, Rendering
    from ci_tools.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What planning works with. The back ends only say which recipes they build."""

    repository: Repository
    renderer: Renderer
    backends: Sequence[BuildBackend]


def plan(
    means: Means, published: Mapping[Subdir, Sequence[PublishedOutput]], settings: PlanSettings, span: Span
) -> BuildPlan:  # fmt: skip
    """The plan for `span` against what is `published`. Refusals, and mistakes of recipes, are part of it.

    UsageError where the span cannot be told.
    """
    return decide(survey(means, settings, span), published, settings)


def survey(means: Means, settings: PlanSettings, span: Span) -> Survey:
    """What the repository holds and what `span` changed, everything rendered. UsageError as above."""
    found = detect(means.repository, settings.recipes, span, settings.neutral)
    asked = assignments(found.tree, found.recipes, settings.machines, settings.variants, found.doubts)
    seen = _survey(found, means.renderer.render(asked), means.backends)
    misnamed = _misnamed(means.repository, seen, settings.recipes)
    changed, problems = reconfigured(means.repository, means.renderer, settings, seen)
    return replace(
        seen,
        reconfigured=changed,
        wrong=(*seen.wrong, *misnamed),
        problems=(*seen.problems, *misnamed.values(), *problems),
    )


def _misnamed(repository: Repository, seen: Survey, below: str) -> Mapping[Recipe, Problem]:
    """The recipes whose folder is called otherwise than their package."""
    outputs = [output for found in seen.rendered.values() for output in found]
    texts = (
        (recipe, name, repository.read(recipe.file).decode("utf-8", "replace"))
        for recipe, name in mistakes.suspects(outputs, below).items()
    )
    return {recipe: problem for recipe, name, text in texts if (problem := mistakes.misnamed(recipe, name, text))}


def _survey(found: Detected, renderings: Sequence[Rendering], backends: Iterable[BuildBackend]) -> Survey:
    known = tuple(backends)
    machines = dict.fromkeys(rendering.machine for rendering in renderings)
    return Survey(
        changes=found.changes,
        tree=found.tree,
        recipes=found.recipes,
        rendered={
            machine: tuple(output for each in renderings if each.machine is machine for output in each.outputs)
            for machine in machines
        },
        unclaimed=tuple(recipe for recipe in found.recipes if not _claimed(recipe, known)),
        wrong=tuple({rendering.recipe for rendering in renderings if rendering.problems}),
        problems=(*found.problems, *(problem for rendering in renderings for problem in rendering.problems)),
    )


def _claimed(recipe: Recipe, backends: Iterable[BuildBackend]) -> bool:
    return any(backend.claims(recipe) for backend in backends)
