"""Plan: what a span of commits means for the channel, rendered by the back ends and decided by the planner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import mistakes
from ci_tools.core.planner import PlanSettings, Survey, decide
from ci_tools.errors import RecipeError
from ci_tools.flows.detect import Detected, detect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.changes import Span
    from ci_tools.core.holdings import PublishedOutput
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.recipe import Output, Recipe
    from ci_tools.errors import Problem
    from ci_tools.ports import Renderer, Repository


def plan(
    repository: Repository,
    renderers: Sequence[Renderer],
    published: Mapping[Subdir, Sequence[PublishedOutput]],
    settings: PlanSettings,
    span: Span,
) -> BuildPlan:
    """The plan for `span` against what is `published`. Refusals are part of it.

    RecipeError with every mistake of every recipe; UsageError where the span cannot be told.
    """
    found = detect(repository, settings.recipes, span)
    claimed = {recipe: renderer for recipe in found.recipes if (renderer := _renderer(recipe, renderers))}
    problems = list(found.problems)
    rendered = {machine: tuple(_rendered(claimed, machine, problems)) for machine in settings.machines}
    problems += _misnamed(repository, rendered.values())
    survey = Survey(
        changes=found.changes,
        tree=found.tree,
        recipes=found.recipes,
        rendered=rendered,
        unclaimed=_unclaimed(found, claimed),
        problems=tuple(problems),
    )
    return decide(survey, published, settings)


def _renderer(recipe: Recipe, renderers: Iterable[Renderer]) -> Renderer | None:
    return next((renderer for renderer in renderers if renderer.claims(recipe)), None)


def _rendered(claimed: Mapping[Recipe, Renderer], machine: Subdir, problems: list[Problem]) -> Iterable[Output]:
    """Every output for `machine`; what cannot be rendered is added to `problems`."""
    for recipe, renderer in claimed.items():
        try:
            yield from renderer.render(recipe, machine)
        except RecipeError as exc:
            problems.extend(exc.problems)


def _misnamed(repository: Repository, rendered: Iterable[Iterable[Output]]) -> Iterable[Problem]:
    outputs = [output for found in rendered for output in found]
    for recipe, name in mistakes.suspects(outputs).items():
        text = repository.read(recipe.file).decode("utf-8", "replace")
        if problem := mistakes.misnamed(recipe, name, text):
            yield problem


def _unclaimed(found: Detected, claimed: Mapping[Recipe, Renderer]) -> tuple[Recipe, ...]:
    return tuple(recipe for recipe in found.recipes if recipe not in claimed)
