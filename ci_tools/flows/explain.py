"""Explain: why a plan builds, skips or refuses what one recipe makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.changes import Push
from ci_tools.core.explanation import Explanation, Weighed, explained, kin_of, meant
from ci_tools.core.ownership import readable, touched
from ci_tools.core.planner import Survey, decide, inputs_of, products_of
from ci_tools.errors import UsageError
from ci_tools.flows.plan import Means, survey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_tools.core.changes import Span
    from ci_tools.core.holdings import PublishedOutput
    from ci_tools.core.package import Subdir
    from ci_tools.core.planner import PlanSettings
    from ci_tools.core.recipe import Recipe


def weighed(
    means: Means, published: Mapping[Subdir, Sequence[PublishedOutput]], settings: PlanSettings, span: Span
) -> Weighed:
    """The plan for `span`, with all that it was made from. UsageError where the span cannot be told."""
    seen = survey(means, settings, span)
    inputs = inputs_of(seen)
    return Weighed(
        plan=decide(seen, published, settings),
        survey=seen,
        inputs=inputs,
        products=tuple(products_of(seen, seen.recipes, inputs, settings.machines)),
        published=published,
    )


def explain(means: Means, settings: PlanSettings, found: Weighed, name: str) -> Explanation:
    """Why what `name` means is built, skipped or refused. UsageError where it means nothing here.

    What was published from other inputs is compared with the commit that it was published from, as far as this clone
    has it.
    """
    chosen = meant(name, found)
    if chosen is None:
        raise UsageError(f"no recipe and no output is called `{name}`", hint="name a recipe, its folder, or a package")
    recipe, keys = chosen
    commits = {
        held.commit: None
        for product in found.products
        if product.key in keys
        for held in kin_of(product, found.published)
        if held.commit and held.input_hash != product.input_hash
    }
    since = {commit: _since(means, settings, recipe, commit) for commit in commits}
    return explained(found, recipe, keys, since)


def _since(means: Means, settings: PlanSettings, recipe: Recipe, commit: str) -> tuple[str, ...] | str:
    """What `recipe` is made from and what changed of it since `commit`, or why that is not known."""
    try:
        if not means.repository.commit(commit):
            return "its commit is not in this clone"
        seen = survey(means, settings, Push(before=commit))
    except UsageError as exc:
        return str(exc)
    if not seen.changes.base:
        return "its commit is of another line of history"
    return tuple(_changes(seen, recipe))


def _changes(seen: Survey, recipe: Recipe) -> list[str]:
    outside = {recipe.directory: inputs_of(seen)[recipe.directory].outside}
    paths = touched(seen.changes.changes, seen.recipes, outside)[0].get(recipe.directory, ())
    kinds = {change.path: change.kind for change in seen.changes.changes}
    keys = seen.reconfigured.keys.get(recipe.directory, ())
    return [*(f"`{readable(path)}` {kinds[path]}" for path in paths), *(f"variant key `{key}` changed" for key in keys)]
