"""The cells of the build matrix: what hangs together is built on one machine, in order."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core import graph
from ci_tools.core.plan import Job, PlannedOutput
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.package import Subdir
    from ci_tools.core.selection import Chosen


def loops(chosen: Mapping[str, Chosen]) -> tuple[Problem, ...]:
    """Every cycle of requirements among the chosen, named in order."""
    nodes = _in_order_of_recipes(chosen)
    found = graph.cycles(nodes, {key: choice.requires for key, choice in chosen.items()})
    return tuple(_loop([chosen[key] for key in cycle]) for cycle in found)


def _loop(cycle: Sequence[Chosen]) -> Problem:
    names = [f"`{choice.product.name}`" for choice in (*cycle, cycle[0])]
    return Problem(
        message=f"a cycle of requirements: {' requires '.join(names)}",
        hint="take one requirement out, or split an output off that the others can be built with",
        path=cycle[0].product.output.recipe.file,
    )


def jobs(chosen: Mapping[str, Chosen], machines: Iterable[Subdir], runners: Mapping[Subdir, str]) -> tuple[Job, ...]:
    """One job for each machine and each connected component on it, by machine in the order given.

    Outputs of one recipe are connected: they share its sources. `chosen` must be free of cycles.
    """
    found: list[Job] = []
    taken: set[str] = set()
    for machine in machines:
        for group in _groups({key: choice for key, choice in chosen.items() if choice.product.machine is machine}):
            id_ = _id(machine, chosen[group[0]], taken)
            outputs = tuple(_planned(chosen[key], chosen) for key in group)
            found.append(Job(id=id_, subdir=machine, runner=runners.get(machine, ""), outputs=outputs))
    return tuple(found)


def _groups(chosen: Mapping[str, Chosen]) -> tuple[tuple[str, ...], ...]:
    order = graph.ordered(_in_order_of_recipes(chosen), {key: choice.requires for key, choice in chosen.items()})
    siblings: dict[str, list[str]] = defaultdict(list)
    for key in order:
        siblings[chosen[key].product.recipe].append(key)
    pairs = [(key, required) for key in order for required in chosen[key].requires]
    pairs += [(keys[0], key) for keys in siblings.values() for key in keys]
    return graph.components(order, pairs)


def _in_order_of_recipes(chosen: Mapping[str, Chosen]) -> list[str]:
    return sorted(chosen, key=lambda key: (chosen[key].product.recipe, key))


def _id(machine: Subdir, first: Chosen, taken: set[str]) -> str:
    name = first.product.output.recipe.name.lower()
    stem = re.sub(r"[^a-z0-9]+", "-", f"{machine}-{name}").strip("-")
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
    )
