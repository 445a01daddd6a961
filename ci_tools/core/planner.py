"""What a range means: from what the repository holds and what the channel holds to what will be built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ci_tools.core import cells, mistakes, wishes
from ci_tools.core.changes import ChangeSet
from ci_tools.core.dependents import DependentsPolicy
from ci_tools.core.holdings import Holdings, Product, PublishedOutput
from ci_tools.core.inputs import Inputs, gathered, input_hash, pins
from ci_tools.core.ownership import owned, readable
from ci_tools.core.package import Subdir
from ci_tools.core.plan import BuildPlan, Reason, Skip
from ci_tools.core.recipe import Dialect, Output, Recipe
from ci_tools.core.selection import Rules, Selection, select
from ci_tools.core.tree import Tree
from ci_tools.core.wishes import LACKING, Reconfigured, Wishes
from ci_tools.errors import Problem


def every_program(_machine: Subdir, _program: str) -> bool:
    """A machine that has whatever a recipe needs."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What channel.yaml says of recipes: the folder below which they lie, a variants file, what is built for."""

    recipes: str
    variants: str = ""
    subdirs: tuple[Subdir, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What channel.yaml and the machine say. `has(machine, program)`: whether a machine of that subdir has it.

    `heal`: beside what a range changed, plan what the channel lacks, so that a publish that failed is made up for.
    `file` is channel.yaml's own path, and `read` tells what an older version of it said; None where it said nothing
    that holds. `neutral` is the dialect of a recipe.yaml that could be of several.
    """

    channel: str  # base URL
    recipes: str  # the folder below which recipes lie
    subdirs: tuple[Subdir, ...]
    variants: str = ""  # a variants file that counts for every recipe
    runners: Mapping[Subdir, str] = field(default_factory=dict)
    generation: int = 0
    has: Callable[[Subdir, str], bool] = every_program
    heal: bool = False
    dependents: DependentsPolicy = field(default_factory=DependentsPolicy)
    neutral: Dialect | None = None
    network: str = "open"
    file: str = ""
    read: Callable[[bytes], Setup | None] = field(default=lambda _: None)

    @property
    def machines(self) -> tuple[Subdir, ...]:
        """The subdirs something is built on, the home of noarch outputs first: linux-64 if it is there."""
        return machines_of(self.subdirs)

    @property
    def setup(self) -> Setup:
        """What the present channel.yaml says."""
        return Setup(recipes=self.recipes, variants=self.variants, subdirs=self.subdirs)


def machines_of(subdirs: Iterable[Subdir]) -> tuple[Subdir, ...]:
    """The subdirs something is built on, linux-64 first if it is there; noarch alone is built on it."""
    found = [subdir for subdir in dict.fromkeys(subdirs) if subdir is not Subdir.NOARCH]
    return tuple(sorted(found or [Subdir.LINUX_64], key=lambda subdir: subdir is not Subdir.LINUX_64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the repository holds. `rendered`: machine -> every output of every recipe there; `unclaimed` have none.

    `changes` with an empty base mean that there is no range: everything is compared with the channel. `wrong` are the
    recipes that are not understood; `problems` say why, and what else is wrong.
    """

    changes: ChangeSet
    tree: Tree
    recipes: tuple[Recipe, ...]
    rendered: Mapping[Subdir, tuple[Output, ...]]
    unclaimed: tuple[Recipe, ...] = ()
    wrong: tuple[Recipe, ...] = ()
    problems: tuple[Problem, ...] = ()
    reconfigured: Reconfigured = field(default_factory=Reconfigured)


def decide(
    survey: Survey, published: Mapping[Subdir, Sequence[PublishedOutput]], settings: PlanSettings
) -> BuildPlan:  # fmt: skip
    """The plan, with every mistake of every recipe, those of the survey included: a mistake stops only its recipe."""
    inputs = inputs_of(survey)
    asked, unowned = _asked(survey, inputs, heal=settings.heal)
    outputs = [output for found in survey.rendered.values() for output in found]
    clashes = mistakes.clashes(outputs)
    problems = (*survey.problems, *(p for found in inputs.values() for p in found.problems), *clashes.values())
    wrong = {*survey.wrong, *(recipe for makers in clashes for recipe in makers)}
    sound = [recipe for recipe in survey.recipes if recipe not in wrong and not inputs[recipe.directory].problems]
    products = products_of(survey, sound, inputs, settings.machines)
    holdings = Holdings(published=published)
    rules = Rules(
        machines=settings.machines,
        has=settings.has,
        unclaimed=frozenset(survey.unclaimed),
        policy=settings.dependents,
    )
    selection = select(products, asked, holdings, rules)
    skips = (
        *selection.skips,
        *_not_made(survey, sound, asked, settings.machines),
        *_unchanged(sound, asked, selection),
    )
    return BuildPlan(
        channel=settings.channel,
        base=survey.changes.base,
        head=survey.changes.head,
        generation=settings.generation,
        jobs=cells.jobs(selection.chosen, cells.CellRules(runners=settings.runners, seconds=holdings.seconds)),
        skips=tuple(sorted(dict.fromkeys(skips), key=lambda skip: (skip.recipe, skip.what, skip.reason, skip.because))),
        refusals=tuple(sorted(selection.refusals, key=lambda refusal: (refusal.recipe, refusal.what))),
        unowned=tuple(map(readable, unowned)),
        network=settings.network,
        problems=_in_order((*problems, *selection.problems)),
    )


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.path, p.line, p.message)))


def inputs_of(survey: Survey) -> Mapping[str, Inputs]:
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


def _asked(survey: Survey, inputs: Mapping[str, Inputs], *, heal: bool) -> tuple[Wishes, tuple[str, ...]]:
    """Why outputs are asked for; and the changed paths that are nobody's."""
    if not survey.changes.base:
        return wishes.everything(survey.recipes), ()
    outside = {directory: found.outside for directory, found in inputs.items()}
    asked, unowned = wishes.of_range(survey.changes, survey.recipes, outside, survey.reconfigured)
    if heal:
        lacking = {recipe.directory: LACKING for recipe in survey.recipes}
        asked = Wishes(recipes=lacking | dict(asked.recipes), machines=asked.machines)
    return asked, unowned


def products_of(
    survey: Survey, sound: Iterable[Recipe], inputs: Mapping[str, Inputs], machines: Iterable[Subdir]
) -> Iterator[Product]:
    """Every output with its machine and hash. A noarch package is at home on the first machine whose recipe makes it.

    Elsewhere it is lent, as it is made at home.
    """
    known = set(sound)
    homes: dict[tuple[str, str], list[Product]] = {}
    for machine in machines:
        siblings: dict[str, list[Output]] = defaultdict(list)
        for output in survey.rendered.get(machine, ()):
            if output.recipe in known:
                siblings[output.recipe.directory].append(output)
        for directory, outputs in siblings.items():
            fresh: dict[tuple[str, str], list[Product]] = defaultdict(list)
            for output in outputs:
                place = (directory, output.filename.dist.name)
                if output.subdir is not Subdir.NOARCH or place not in homes:
                    hashed = input_hash(inputs[directory], output.variant, pins(output, outputs))
                    product = Product(output=output, machine=machine, input_hash=hashed)
                    yield product
                    if output.subdir is Subdir.NOARCH:
                        fresh[place].append(product)
                else:
                    yield from (
                        Product(output=one.output, machine=machine, input_hash=one.input_hash, lent=True)
                        for one in homes[place]
                    )
            homes |= fresh


def _not_made(
    survey: Survey, sound: Iterable[Recipe], asked: Wishes, machines: Iterable[Subdir]
) -> Iterator[Skip]:  # fmt: skip
    """What recipes that were asked for do not make at all, or not on a machine."""
    making = {machine: {output.recipe for output in survey.rendered.get(machine, ())} for machine in machines}
    for recipe in sound:
        if recipe.directory not in asked.recipes:
            continue
        for machine, makers in making.items():
            if recipe not in makers:
                yield _skip(recipe, Reason.NO_SUCH_SUBDIR, f"it makes nothing on {machine}")


def _unchanged(sound: Iterable[Recipe], asked: Wishes, selection: Selection) -> Iterator[Skip]:
    busy = {*asked.recipes, *(skip.recipe for skip in selection.skips), *(r.recipe for r in selection.refusals)}
    busy |= {choice.product.recipe for found in selection.chosen.values() for choice in found.values()}
    for recipe in (recipe for recipe in sound if recipe.directory not in busy):
        yield _skip(recipe, Reason.UNCHANGED, "nothing it is made from changed")


def _skip(recipe: Recipe, reason: Reason, because: str) -> Skip:
    return Skip(recipe=recipe.directory, what=recipe.name, reason=reason, because=because)
