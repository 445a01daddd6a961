"""Why a plan builds, skips or refuses what a recipe makes: everything that was weighed, as one value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core.holdings import Product, PublishedOutput
from ci_tools.core.inputs import Inputs, pins
from ci_tools.core.ownership import readable, touched
from ci_tools.core.package import Subdir
from ci_tools.core.plan import BuildPlan, Role
from ci_tools.core.planner import Survey
from ci_tools.core.requirements import requirements
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.plan import PlannedOutput
    from ci_tools.core.recipe import Recipe


class Fate(StrEnum):
    """What a plan does with an output."""

    BUILD = "build"
    TEST = "test"
    SCAFFOLD = "scaffold"
    SKIP = "skip"
    REFUSE = "refuse"
    WRONG = "wrong"


FATES = {Role.SHIP: Fate.BUILD, Role.TEST: Fate.TEST, Role.SCAFFOLD: Fate.SCAFFOLD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A published build that an output was compared with. `since` says what changed since it was published.

    `unknown` is why that is not known, empty where it is.
    """

    filename: str
    generation: int
    commit: str
    same_inputs: bool
    since: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One output on one machine. `variant` and `pins` are what its input hash is made of, beside the recipe's files.

    `requires` and `needed_by` are other outputs of this repository.
    """

    what: str
    machine: Subdir
    fate: Fate
    because: str
    hint: str
    job: str
    input_hash: str
    variant: tuple[tuple[str, str], ...]
    pins: tuple[str, ...]
    kin: tuple[Kin, ...]
    requires: tuple[str, ...]
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One recipe, and all that a plan says of it.

    `files` are what all of its outputs are made from; `changed` are the paths of the range among them, `keys` the
    variant keys that it uses and that the range changed.
    """

    name: str
    file: str
    dialect: str
    range: str
    changed: tuple[str, ...]
    keys: tuple[str, ...]
    files: tuple[str, ...]
    stories: tuple[Story, ...]
    skips: tuple[str, ...]  # of the recipe as a whole
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a plan was made from. `published`: of every subdir, with the commit that each was published from."""

    plan: BuildPlan
    survey: Survey
    inputs: Mapping[str, Inputs]
    products: Sequence[Product]
    published: Mapping[Subdir, Sequence[PublishedOutput]]


def meant(name: str, weighed: Weighed) -> tuple[Recipe, frozenset[str]] | None:
    """The recipe that `name` means, and the product keys of it that it means: all, or those of one output.

    A recipe is called by name, folder or file; an output by package name, file name, or `subdir/file name`.
    """
    said = name.rstrip("/").removeprefix("./")
    recipes = [r for r in weighed.survey.recipes if said in {r.name, r.directory, r.file}]
    exact = [r for r in recipes if said in {r.directory, r.file}] or recipes
    if exact:
        return exact[0], frozenset(p.key for p in weighed.products if p.output.recipe == exact[0])
    found = [p for p in weighed.products if said in {p.name, str(p.output.filename), p.key}]
    return (found[0].output.recipe, frozenset(p.key for p in found)) if found else None


def explained(
    weighed: Weighed, recipe: Recipe, keys: frozenset[str], since: Mapping[str, tuple[str, ...] | str]
) -> Explanation:
    """All that was weighed about the outputs `keys` of `recipe`.

    `since`: commit -> what changed in the recipe's inputs since then, or one sentence why that is not known.
    """
    plan, changes = weighed.plan, weighed.survey.changes
    outside = {recipe.directory: weighed.inputs[recipe.directory].outside}
    changed = touched(changes.changes, weighed.survey.recipes, outside)[0] if changes.base else {}
    whole = [skip.because for skip in plan.skips if skip.recipe == recipe.directory and skip.what == recipe.name]
    return Explanation(
        name=recipe.name,
        file=recipe.file,
        dialect=recipe.dialect.value,
        range=f"{changes.base[:12]}..{changes.head[:12]}" if changes.base else "",
        changed=tuple(map(readable, changed.get(recipe.directory, ()))),
        keys=weighed.survey.reconfigured.keys.get(recipe.directory, ()),
        files=tuple(sorted(map(_shown, weighed.inputs[recipe.directory].files))),
        stories=tuple(_stories(weighed, recipe, keys, since)),
        skips=tuple(dict.fromkeys(whole)),
        problems=problems_of(plan, recipe.directory),
    )


def problems_of(plan: BuildPlan, directory: str) -> tuple[Problem, ...]:
    """What the plan says is wrong with the recipe in `directory`, or with a file of it."""
    return tuple(p for p in plan.problems if p.path == directory or p.path.startswith(f"{directory}/"))


def kin_of(product: Product, published: Mapping[Subdir, Sequence[PublishedOutput]]) -> tuple[PublishedOutput, ...]:
    """The published builds of the same package and version, the highest build number first."""
    dist = product.output.filename.dist
    found = (
        held
        for held in published.get(product.output.subdir, ())
        if (held.filename.dist.name, held.filename.dist.version) == (dist.name, dist.version)
    )
    return tuple(sorted(found, key=lambda held: (-held.build_number, str(held.filename))))


def _stories(
    weighed: Weighed, recipe: Recipe, keys: frozenset[str], since: Mapping[str, tuple[str, ...] | str]
) -> Iterable[Story]:
    mine = [p for p in weighed.products if p.output.recipe == recipe and p.key in keys and not p.lent]
    edges = _edges(weighed.products)
    users: dict[str, list[str]] = defaultdict(list)
    for key, required in edges.items():
        for needed in required:
            users[needed].append(key)
    for product in mine:
        planned, job = _planned(weighed.plan, product)
        fate, because, hint = _fate(weighed.plan, product, planned)
        siblings = [p.output for p in weighed.products if p.output.recipe == recipe and p.machine is product.machine]
        yield Story(
            what=product.key,
            machine=product.machine,
            fate=fate,
            because=because,
            hint=hint,
            job=job,
            input_hash=product.input_hash,
            variant=product.output.variant,
            pins=pins(product.output, siblings),
            kin=tuple(_kin(held, product, since) for held in kin_of(product, weighed.published)),
            requires=tuple(edges.get(product.key, ())),
            needed_by=tuple(sorted(users.get(product.key, ()))),
        )


def _edges(products: Sequence[Product]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for machine in dict.fromkeys(product.machine for product in products):
        found = {**requirements(p for p in products if p.machine is machine), **found}
    return found


def _planned(plan: BuildPlan, product: Product) -> tuple[PlannedOutput | None, str]:
    for job in plan.jobs:
        for output in job.outputs:
            if job.subdir is product.machine and f"{output.subdir}/{output.filename}" == product.key:
                return output, job.id
    return None, ""


def _fate(plan: BuildPlan, product: Product, planned: PlannedOutput | None) -> tuple[Fate, str, str]:
    if planned is not None:
        return FATES[planned.role], planned.because, ""
    if problems := problems_of(plan, product.recipe):
        return Fate.WRONG, problems[0].message, problems[0].hint
    named = (product.recipe, str(product.output.filename))
    for refusal in plan.refusals:
        if (refusal.recipe, refusal.what) == named:
            return Fate.REFUSE, refusal.because, refusal.hint
    for skip in plan.skips:
        if (skip.recipe, skip.what) in {named, (product.recipe, product.output.recipe.name)}:
            return Fate.SKIP, skip.because, ""
    return Fate.SKIP, "nobody asked for it", "plan without a range, or with --missing, to have what the channel lacks"


def _shown(key: tuple[str, str]) -> str:
    label, path = key
    return readable(f"{path} ({label})" if label else path)


def _kin(held: PublishedOutput, product: Product, since: Mapping[str, tuple[str, ...] | str]) -> Kin:
    same = bool(held.input_hash) and held.input_hash == product.input_hash
    known = () if same else since.get(held.commit, "" if held.commit else "its commit was never recorded")
    return Kin(
        filename=str(held.filename),
        generation=held.generation,
        commit=held.commit,
        same_inputs=same,
        since=known if isinstance(known, tuple) else (),
        unknown=known if isinstance(known, str) else "",
    )
