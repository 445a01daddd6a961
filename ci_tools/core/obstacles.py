"""What stands in the way of a build: a cycle, a program that is not there, or an obstacle of what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import graph
from ci_tools.core.inputs import name_of
from ci_tools.core.package import built_on
from ci_tools.core.plan import Reason, Skip
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_tools.core.holdings import Product
    from ci_tools.core.package import Subdir
    from ci_tools.core.selection import Chosen, Rules

Edges = dict[str, tuple[str, ...]]


def found(
    asked: Mapping[Subdir, Mapping[str, Chosen]], edges: Mapping[Subdir, Mapping[str, tuple[str, ...]]], rules: Rules
) -> tuple[Mapping[Subdir, Mapping[str, Skip]], tuple[Problem, ...]]:
    """Machine -> key -> why that is not built; and the cycles, each named in order.

    The machines are in such an order that what one lends to another comes first.
    """
    blocked: dict[Subdir, dict[str, Skip]] = {}
    problems: list[Problem] = []
    homes = {key: m for m, choices in asked.items() for key, choice in choices.items() if not choice.product.lent}
    for machine, choices in asked.items():
        within = {key: tuple(k for k in edges[machine][key] if k in choices) for key in choices}
        loops = graph.cycles(_in_order_of_recipes(choices), within)
        problems += [_loop([choices[key].product for key in loop]) for loop in loops]
        first = {key: _on_a_loop(choices[key].product) for loop in loops for key in loop}
        for key, choice in choices.items():
            lender = blocked.get(homes.get(key, machine), {}).get(key) if choice.product.lent else None
            obstacle = lender or _unbuildable(choice.product, rules) or _elsewhere(choice.product, asked)
            if obstacle and key not in first:
                first[key] = obstacle
        blocked[machine] = _spread(first, within, choices)
    return blocked, tuple(dict.fromkeys(problems))


def _spread(first: Mapping[str, Skip], within: Edges, choices: Mapping[str, Chosen]) -> dict[str, Skip]:
    """Those that are blocked, and all that needs them, each naming what it needs."""
    users: dict[str, list[str]] = {}
    for key, required in within.items():
        for needed in required:
            users.setdefault(needed, []).append(key)
    blocked, waiting = dict(first), sorted(first)
    while waiting:
        needed = waiting.pop(0)
        for user in users.get(needed, ()):
            if user not in blocked:
                because = f"it needs `{needed}`: {blocked[needed].because}"
                blocked[user] = skip(choices[user].product, blocked[needed].reason, because)
                waiting.append(user)
    return blocked


def _in_order_of_recipes(choices: Mapping[str, Chosen]) -> list[str]:
    return sorted(choices, key=lambda key: (choices[key].product.recipe, key))


def _loop(cycle: Sequence[Product]) -> Problem:
    names = [f"`{product.name}`" for product in (*cycle, cycle[0])]
    return Problem(
        message=f"a cycle of requirements: {' requires '.join(names)}",
        hint="take one requirement out, or split an output off that the others can be built with",
        path=cycle[0].output.recipe.file,
    )


def _on_a_loop(product: Product) -> Skip:
    return skip(product, Reason.WRONG, "it is on a cycle of requirements")


def _unbuildable(product: Product, rules: Rules) -> Skip | None:
    recipe = product.output.recipe
    if recipe in rules.unclaimed:
        because = f"no back end of this version builds recipes of the {recipe.dialect} dialect"
        return skip(product, Reason.NO_BACKEND, because)
    missing = [f"`{program}`" for program in product.output.needs if not rules.has(product.machine, program)]
    if not missing:
        return None
    return skip(product, Reason.NEEDS_PROGRAM, f"this machine has no {' and no '.join(missing)}")


def _elsewhere(product: Product, asked: Mapping[Subdir, Mapping[str, Chosen]]) -> Skip | None:
    """What is built for one machine on another one needs that one's tools, which that one's jobs make."""
    machine = built_on(product.machine)
    if machine is product.machine:
        return None
    needed = set(map(name_of, product.output.build))
    tools = (p for p in (choice.product for choice in asked.get(machine, {}).values()) if p.output.subdir is machine)
    tool = next((p for p in tools if p.name in needed), None)
    if tool is None:
        return None
    because = f"it is built with `{tool.key}`, which a job for {machine} makes: plan again once that is published"
    return skip(product, Reason.ELSEWHERE, because)


def skip(product: Product, reason: Reason, because: str) -> Skip:
    """A skip of one output."""
    return Skip(recipe=product.recipe, what=str(product.output.filename), reason=reason, because=because)
