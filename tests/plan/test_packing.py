"""Jobs are bounded in number and as even as durations allow; nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from strategies_plan import LINUX, OSX, output, product, published_by, worlds
from test_planner import SETTINGS, surveyed

from ci_tools.core import cells
from ci_tools.core.dependents import DependentsPolicy
from ci_tools.core.holdings import Holdings
from ci_tools.core.packing import packed, shares
from ci_tools.core.plan import Role
from ci_tools.core.planner import decide
from ci_tools.core.requirements import requirements
from ci_tools.core.selection import Rules, select
from ci_tools.core.wishes import everything

if TYPE_CHECKING:
    from ci_tools.core.holdings import Product

durations = st.lists(st.floats(0, 1000), max_size=60)


@given(durations, st.integers(1, 12))
def test_everything_is_packed_once_into_few_even_bins(seconds: list[float], most: int) -> None:
    bins = packed(seconds, most)
    assert sorted(place for places in bins for place in places) == list(range(len(seconds)))
    assert len(bins) <= max(most, 0)
    if bins:
        fullest = max(sum(seconds[at] for at in places) for places in bins)
        least = max(sum(seconds) / most, *seconds, 0.0)  # no packing is better than this
        assert fullest <= least * 4 / 3 + least * 2 / 3 + 1e-6


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), durations), st.integers(3, 40))
def test_machines_share_the_jobs_by_their_work(loads: dict[str, list[float]], most: int) -> None:
    found = shares(loads, most)
    assert sum(found.values()) == min(most, sum(map(len, loads.values())))
    assert all(found.get(name, 0) <= len(load) and bool(found.get(name)) == bool(load) for name, load in loads.items())


@given(worlds(), st.integers(2, 6))
def test_the_union_of_the_cells_is_the_plan(products: tuple[Product, ...], most: int) -> None:
    seen = surveyed(products)
    rules = Rules(machines=(LINUX, OSX), has=lambda _m, _p: True, policy=DependentsPolicy())
    chosen = select(products, everything(seen.recipes), Holdings(published={}), rules).chosen
    wanted = sorted((machine, key) for machine, found in chosen.items() for key in found)
    jobs = cells.jobs(chosen, cells.CellRules(most=most, seconds=lambda p: len(p.name)))
    assert sorted((job.subdir, f"{o.subdir}/{o.filename}") for job in jobs for o in job.outputs) == wanted
    assert len(jobs) <= max(most, len(chosen))
    for job in jobs:
        place = {str(o.filename): at for at, o in enumerate(job.outputs)}
        assert all(place[needed] < at for at, o in enumerate(job.outputs) for needed in o.requires)


def test_a_thousand_lonely_recipes_fit_into_one_matrix() -> None:
    many = tuple(product(f"p{at}") for at in range(1000))
    plan = decide(surveyed(many), {}, SETTINGS)
    assert (len(plan.jobs), len(plan.outputs())) == (256, 1000)
    assert len({job.id for job in plan.jobs}) == 256
    assert max(job.seconds for job in plan.jobs) <= 4 * 300


def test_what_took_long_last_time_is_packed_alone() -> None:
    many = tuple(product(f"p{at}") for at in range(300))
    held = published_by(decide(surveyed(many), {}, SETTINGS))
    slow = [o.filename.dist.name for o in held[LINUX][:5]]
    took = {True: 5000.0, False: 10.0}
    timed = [replace(each, seconds=took[each.filename.dist.name in slow]) for each in held[LINUX]]
    holdings = Holdings(published={LINUX: timed})
    rules = Rules(machines=(LINUX,), has=lambda _m, _p: True)
    chosen = select(many, everything(surveyed(many).recipes), Holdings(published={}), rules).chosen
    jobs = cells.jobs(chosen, cells.CellRules(seconds=holdings.seconds))
    assert all(len(j.outputs) == 1 for j in jobs if any(o.filename.dist.name in slow for o in j.outputs))


def test_what_would_outlast_a_job_is_built_in_two_waves() -> None:
    """A hundred packages of an hour each that all need one: that first, and then a hundred jobs."""
    many = (product("core"), *(product(f"p{at}", host=("core",)) for at in range(100)))
    rules = Rules(machines=(LINUX,), has=lambda _m, _p: True)
    chosen = select(many, everything(surveyed(many).recipes), Holdings(published={}), rules).chosen
    first, *rest = cells.jobs(chosen, cells.CellRules(seconds=lambda _: 3600.0))
    assert (first.wave, first.after, [o.filename.dist.name for o in first.outputs]) == (0, (), ["core"])
    assert {(job.wave, job.after, len(job.outputs)) for job in rest} == {(1, (first.id,), 1)}
    assert len(rest) == 100


@given(worlds(), st.floats(0, 12 * 3600))
def test_every_wave_has_what_it_needs(products: tuple[Product, ...], hours: float) -> None:
    rules = Rules(machines=(LINUX, OSX), has=lambda _m, _p: True)
    chosen = select(products, everything(surveyed(products).recipes), Holdings(published={}), rules).chosen
    jobs = cells.jobs(chosen, cells.CellRules(seconds=lambda _: hours))
    made = {job.id: {str(o.filename) for o in job.outputs} for job in jobs}
    assert sum(map(len, made.values())) == sum(map(len, chosen.values()))
    for job in jobs:
        there = {name for earlier in job.after for name in made[earlier]}
        assert all(job.wave > other.wave for other in jobs if other.id in job.after)
        for output_ in job.outputs:
            assert set(output_.requires) <= there
            there.add(str(output_.filename))


def test_run_exports_are_requirements_of_those_that_build_against_them() -> None:
    runtime, lib = product("rt"), product("lib", run_exports=(("weak", "rt >=1"), ("strong", "never")))
    tool, tied = product("tool", host=("lib",)), product("tied", host=("lib",), ignores=("lib",))
    found = requirements((runtime, lib, tool, tied))
    assert found[tool.key] == (lib.key, runtime.key)
    assert found[tied.key] == (lib.key,)
    compiler = product("cc", run_exports=(("strong", "rt"), ("weak", "other")))
    assert requirements((runtime, compiler, product("x", build=("cc",))))["linux-64/x-1.0-h1_0.conda"] == (
        compiler.key, runtime.key
    )  # fmt: skip


def test_roles_are_told() -> None:
    assert {o.role for o in decide(surveyed((product("a"),)), {}, SETTINGS).outputs()} == {Role.SHIP}
    assert output("a").certain
