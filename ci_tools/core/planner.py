"""What a range means: from what the repository holds and what the channel holds to what will be built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ci_tools.core import cells, mistakes
from ci_tools.core.changes import ChangeSet
from ci_tools.core.holdings import Holdings, Product, PublishedOutput
from ci_tools.core.inputs import Inputs, gathered, input_hash, pins
from ci_tools.core.ownership import owned, readable, touched
from ci_tools.core.package import Subdir
from ci_tools.core.plan import BuildPlan, Reason, Skip
from ci_tools.core.recipe import Output, Recipe
from ci_tools.core.selection import Selection, select
from ci_tools.core.tree import Tree
from ci_tools.errors import Problem, RecipeError


def every_program(_machine: Subdir, _program: str) -> bool:
    """A machine that has whatever a recipe needs."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What channel.yaml and the machine say. `has(machine, program)`: whether a machine of that subdir has it.

    `heal`: beside what a range changed, plan what the channel lacks, so that a publish that failed is made up for.
    """

    channel: str  # base URL
    recipes: str  # the folder below which recipes lie
    subdirs: tuple[Subdir, ...]
    runners: Mapping[Subdir, str] = field(default_factory=dict)
    generation: int = 0
    has: Callable[[Subdir, str], bool] = every_program
    heal: bool = False

    @property
    def machines(self) -> tuple[Subdir, ...]:
        """The subdirs something is built on, the home of noarch outputs first: linux-64 if it is there."""
        found = [subdir for subdir in dict.fromkeys(self.subdirs) if subdir is not Subdir.NOARCH]
        return tuple(sorted(found or [Subdir.LINUX_64], key=lambda subdir: subdir is not Subdir.LINUX_64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the repository holds. `rendered`: machine -> every output of every recipe there; `unclaimed` have none.

    `changes` with an empty base mean that there is no range: everything is compared with the channel.
    """

    changes: ChangeSet
    tree: Tree
    recipes: tuple[Recipe, ...]
    rendered: Mapping[Subdir, tuple[Output, ...]]
    unclaimed: tuple[Recipe, ...] = ()
    problems: tuple[Problem, ...] = ()


def decide(
    survey: Survey, published: Mapping[Subdir, Sequence[PublishedOutput]], settings: PlanSettings
) -> BuildPlan:  # fmt: skip
    """The plan; RecipeError with every mistake of every recipe, those of the survey included."""
    inputs = _inputs(survey)
    wanted, unowned = _wanted(survey, inputs, heal=settings.heal)
    products = _products(survey, inputs, settings.machines)
    selection = select(products, wanted, Holdings(published=published), settings.has)
    outputs = [output for found in survey.rendered.values() for output in found]
    problems = (
        *survey.problems,
        *(problem for found in inputs.values() for problem in found.problems),
        *mistakes.shared(outputs),
        *cells.loops(selection.chosen),
    )
    if problems:
        raise RecipeError(*sorted(dict.fromkeys(problems), key=lambda p: (p.path, p.line, p.message)))
    skips = (*selection.skips, *_not_made(survey, wanted, settings.machines), *_unchanged(survey, wanted, selection))
    return BuildPlan(
        channel=settings.channel,
        base=survey.changes.base,
        head=survey.changes.head,
        generation=settings.generation,
        jobs=cells.jobs(selection.chosen, settings.machines, settings.runners),
        skips=tuple(sorted(skips, key=lambda skip: (skip.recipe, skip.what, skip.reason))),
        refusals=selection.refusals,
        unowned=tuple(map(readable, unowned)),
    )


def _inputs(survey: Survey) -> Mapping[str, Inputs]:
    """Recipe directory -> what it is made from."""
    sources: dict[str, set[str]] = defaultdict(set)
    for outputs in survey.rendered.values():
        for output in outputs:
            sources[output.recipe.directory].update(output.sources)
    own = owned(survey.tree.files, survey.recipes)
    return {
        recipe.directory: gathered(recipe, own[recipe.directory], sources[recipe.directory], survey.tree)
        for recipe in survey.recipes
    }


def _wanted(
    survey: Survey, inputs: Mapping[str, Inputs], *, heal: bool
) -> tuple[Mapping[str, tuple[Reason, str]], tuple[str, ...]]:  # fmt: skip
    """Recipe directory -> why its outputs are asked for; and the changed paths that are nobody's."""
    lacking = {recipe.directory: (Reason.MISSING, "the channel lacks it") for recipe in survey.recipes}
    if not survey.changes.base:
        return lacking, ()
    outside = {directory: found.outside for directory, found in inputs.items()}
    changed, unowned = touched(survey.changes.changes, survey.recipes, outside)
    wanted = {directory: (Reason.CHANGED, _because(paths)) for directory, paths in changed.items()}
    return (lacking if heal else {}) | wanted, unowned


def _because(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"`{readable(paths[0])}`{more} changed"


def _products(survey: Survey, inputs: Mapping[str, Inputs], machines: Iterable[Subdir]) -> Iterable[Product]:
    """Every output with its machine and hash; a noarch package only on the first machine whose recipe makes it."""
    homes: dict[tuple[str, str], Subdir] = {}
    for machine in machines:
        siblings: dict[str, list[Output]] = defaultdict(list)
        for output in survey.rendered.get(machine, ()):
            siblings[output.recipe.directory].append(output)
        for directory, outputs in siblings.items():
            for output in outputs:
                is_noarch = output.subdir is Subdir.NOARCH
                if not is_noarch or homes.setdefault((directory, output.filename.dist.name), machine) is machine:
                    hashed = input_hash(inputs[directory], output.variant, pins(output, outputs))
                    yield Product(output=output, machine=machine, input_hash=hashed)


def _not_made(survey: Survey, wanted: Iterable[str], machines: Iterable[Subdir]) -> Iterable[Skip]:
    """What recipes that were asked for do not make at all, or not on a machine."""
    unclaimed = set(survey.unclaimed)
    making = {machine: {output.recipe for output in survey.rendered.get(machine, ())} for machine in machines}
    for recipe in (recipe for recipe in survey.recipes if recipe.directory in wanted):
        if recipe in unclaimed:
            because = f"no back end of this version builds recipes of the {recipe.dialect} dialect"
            yield _skip(recipe, Reason.NO_BACKEND, because)
            continue
        for machine, makers in making.items():
            if recipe not in makers:
                yield _skip(recipe, Reason.NO_SUCH_SUBDIR, f"it makes nothing on {machine}")


def _unchanged(survey: Survey, wanted: Iterable[str], selection: Selection) -> Iterable[Skip]:
    busy = {*wanted, *(choice.product.recipe for choice in selection.chosen.values())}
    busy |= {skip.recipe for skip in selection.skips}
    for recipe in (recipe for recipe in survey.recipes if recipe.directory not in busy):
        yield _skip(recipe, Reason.UNCHANGED, "nothing it is made from changed")


def _skip(recipe: Recipe, reason: Reason, because: str) -> Skip:
    return Skip(recipe=recipe.directory, what=recipe.name, reason=reason, because=because)
