"""The cells of the build matrix: what hangs together is built on one machine, in order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ci_tools.core import graph, packing
from ci_tools.core.holdings import Product
from ci_tools.core.package import Subdir
from ci_tools.core.plan import Job, PlannedOutput
from ci_tools.core.waves import Wave, waves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.selection import Chosen

MOST_JOBS = 256  # of one matrix (GitHub)
LONGEST_STEM = 60  # characters of a job's name


def no_duration(_product: Product) -> float:
    """A build that takes no time."""
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRules:
    """What cells are made by: `runners`: subdir -> its machine in CI; `seconds`: how long a build takes."""

    runners: Mapping[Subdir, str] = field(default_factory=dict)
    seconds: Callable[[Product], float] = no_duration
    most: int = MOST_JOBS


def jobs(chosen: Mapping[Subdir, Mapping[str, Chosen]], rules: CellRules) -> tuple[Job, ...]:
    """One job for each machine and each connected component on it, by machine in the order given.

    Outputs of one recipe are connected: they share its sources. What would outlast a job is split into waves; where
    there are too many jobs, components share one, so that all take about as long. `chosen` must be free of cycles.
    """
    groups = {
        (machine, number): [wave.nodes for wave in found if wave.number == number]
        for machine, choices in chosen.items()
        for found in [_waves(choices, rules)]
        for number in (0, 1)
    }
    loads = {
        (machine, number): [sum(rules.seconds(chosen[machine][key].product) for key in group) for group in found]
        for (machine, number), found in groups.items()
    }
    bins = packing.shares(loads, rules.most)
    made: list[Job] = []
    taken: set[str] = set()
    for (machine, number), found in groups.items():
        for places in packing.packed(loads[machine, number], bins.get((machine, number), 0)):
            keys = [key for place in places for key in found[place]]
            choices = chosen[machine]
            job = Job(
                id=_id(machine, choices[keys[0]], len(places), taken),
                subdir=machine,
                runner=rules.runners.get(machine, ""),
                outputs=tuple(_planned(choices[key], choices) for key in keys),
                seconds=round(sum(loads[machine, number][place] for place in places), 1),
                wave=number,
            )
            made.append(replace(job, after=_earlier(keys, choices, machine, made)) if number else job)
    return tuple(made)


def _waves(choices: Mapping[str, Chosen], rules: CellRules) -> tuple[Wave, ...]:
    after = {key: choice.requires for key, choice in choices.items()}
    unit = {key: choice.product.recipe for key, choice in choices.items()}
    seconds = {key: rules.seconds(choice.product) for key, choice in choices.items()}
    return tuple(wave for group in _groups(choices) for wave in waves(group, after, unit, seconds))


def _earlier(
    keys: Iterable[str], choices: Mapping[str, Chosen], machine: Subdir, made: Iterable[Job]
) -> tuple[str, ...]:  # fmt: skip
    """The jobs of wave 0 on the machine that make what the keys need, directly or not."""
    needed: set[str] = set()
    waiting = list(keys)
    while waiting:
        fresh = set(choices[waiting.pop()].requires) - needed
        needed |= fresh
        waiting += fresh
    before = (job for job in made if job.subdir is machine and not job.wave)
    return tuple(job.id for job in before if any(f"{o.subdir}/{o.filename}" in needed for o in job.outputs))


def _groups(chosen: Mapping[str, Chosen]) -> tuple[tuple[str, ...], ...]:
    """What hangs together, in build order."""
    recipes = sorted(chosen, key=lambda key: (chosen[key].product.recipe, key))
    order = graph.ordered(recipes, {key: choice.requires for key, choice in chosen.items()})
    siblings: dict[str, list[str]] = defaultdict(list)
    for key in order:
        siblings[chosen[key].product.recipe].append(key)
    pairs = [(key, required) for key in order for required in chosen[key].requires]
    pairs += [(keys[0], key) for keys in siblings.values() for key in keys]
    return graph.components(order, pairs)


def _id(machine: Subdir, first: Chosen, groups: int, taken: set[str]) -> str:
    """The machine, the first recipe, and how many unrelated ones share the job with it."""
    name = first.product.output.recipe.name.lower()
    stem = re.sub(r"[^a-z0-9]+", "-", f"{machine}-{name}")[:LONGEST_STEM].strip("-")
    stem += f"-and-{groups - 1}-more" if groups > 1 else ""
    found, count = stem, 1
    while found in taken:
        count += 1
        found = f"{stem}-{count}"
    taken.add(found)
    return found


def _planned(choice: Chosen, chosen: Mapping[str, Chosen]) -> PlannedOutput:
    output = choice.product.output
    return PlannedOutput(
        recipe=choice.product.recipe,
        dialect=output.recipe.dialect,
        filename=output.filename,
        subdir=output.subdir,
        build_number=output.build_number,
        input_hash=choice.product.input_hash,
        reason=choice.reason,
        because=choice.because,
        requires=tuple(str(chosen[key].product.output.filename) for key in choice.requires),
        variant=output.variant,
        draws_on=choice.draws_on,
        role=choice.role,
    )
