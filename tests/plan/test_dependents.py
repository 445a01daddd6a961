"""What channel.yaml says of packages that depend on a changed one is done, to the depth it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from strategies_plan import output, published_by, worlds
from test_planner import LINUX, SETTINGS, cells, survey, surveyed

from ci_tools.core.dependents import Dependents, DependentsPolicy, downstream
from ci_tools.core.plan import BuildPlan, Reason, Role
from ci_tools.core.planner import decide

if TYPE_CHECKING:
    from ci_tools.core.holdings import Product

LIB, NEXT = output("lib"), output("lib", version="2.0")
CHAIN = (output("tool", host=("lib",)), output("app", run=("tool",)), output("apart"))


def planned(what: Dependents, depth: int = 1) -> BuildPlan:
    """A release of `lib`, with everything else published."""
    held = published_by(decide(survey(*((LINUX, o) for o in (LIB, *CHAIN))), {}, SETTINGS))
    seen = survey(*((LINUX, o) for o in (NEXT, *CHAIN)), changed=("recipes/lib/recipe.yaml",))
    return decide(seen, held, replace(SETTINGS, dependents=DependentsPolicy(what=what, depth=depth)))


def test_nothing_is_done_unless_it_is_asked_for() -> None:
    assert cells(planned(Dependents.NONE)) == {"linux-64-lib": ["lib"]}


def test_dependents_are_tested_with_the_change_and_not_published() -> None:
    found = planned(Dependents.TEST)
    assert [(o.filename.dist.name, o.role, o.reason) for o in found.outputs()] == [
        ("lib", Role.SHIP, Reason.CHANGED), ("tool", Role.TEST, Reason.DEPENDS)
    ]  # fmt: skip
    assert found.outputs()[1].because == "depends on `lib-2.0-h1_0.conda`, which changed"


@pytest.mark.parametrize("depth", [0, 2])
def test_depth_counts_requirements(depth: int) -> None:
    assert cells(planned(Dependents.TEST, depth)) == {"linux-64-lib": ["lib", "tool", "app"]}


def test_a_rebuild_wants_a_new_build_number() -> None:
    found = planned(Dependents.REBUILD)
    assert [(r.what, r.hint) for r in found.refusals] == [
        ("tool-1.0-h1_0.conda", "set the build number to 1 in recipes/tool/recipe.yaml")
    ]
    assert "dependents: rebuild" in found.refusals[0].because


def test_a_rebuild_with_a_new_build_number_is_planned() -> None:
    held = published_by(decide(survey(*((LINUX, o) for o in (LIB, *CHAIN))), {}, SETTINGS))
    bumped = output("tool", host=("lib",), number=1, string="h1_1")
    seen = survey(*((LINUX, o) for o in (NEXT, bumped, *CHAIN[1:])), changed=("recipes/lib/recipe.yaml",))
    found = decide(seen, held, replace(SETTINGS, dependents=DependentsPolicy(what=Dependents.REBUILD)))
    assert [(o.filename.dist.name, o.role, o.reason) for o in found.outputs()] == [
        ("lib", Role.SHIP, Reason.CHANGED), ("tool", Role.SHIP, Reason.DEPENDS)
    ]  # fmt: skip


@given(worlds())
def test_what_only_depends_is_never_published_without_its_number(products: tuple[Product, ...]) -> None:
    first = decide(surveyed(products), {}, SETTINGS)
    policy = replace(SETTINGS, dependents=DependentsPolicy(what=Dependents.TEST, depth=0))
    again = decide(surveyed(products), published_by(first), policy)
    assert not again.jobs


def test_the_nearest_change_is_named() -> None:
    after = {"b": ("a",), "c": ("b",), "d": ("c", "a2"), "e": ("e2",)}
    assert downstream(["a", "a2"], after, 0) == {"b": "a", "d": "a2", "c": "a"}
    assert downstream(["a"], after, 1) == {"b": "a"}
