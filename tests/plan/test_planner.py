"""What is chosen, in which order and cell, and of everything else why not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_plan import LINUX, NOARCH, OSX, output, product, published_by, recipe, worlds

from ci_tools.core.changes import Change, ChangeKind, ChangeSet
from ci_tools.core.graph import cycles
from ci_tools.core.holdings import Broken, Held, Holdings, Lacking, PublishedOutput
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, Reason, Role
from ci_tools.core.planner import PlanSettings, Survey, decide
from ci_tools.core.tree import Tree

if TYPE_CHECKING:
    from ci_tools.core.holdings import Product
    from ci_tools.core.recipe import Output

SETTINGS = PlanSettings(channel="https://conda.example/c", recipes="recipes", subdirs=(NOARCH, OSX, LINUX))


def survey(*outputs: tuple[Subdir, Output], changed: tuple[str, ...] | None = None) -> Survey:
    recipes = sorted({output.recipe for _, output in outputs})
    changes = [Change(path=path, kind=ChangeKind.MODIFIED) for path in changed or ()]
    return Survey(
        changes=ChangeSet(base="" if changed is None else "b" * 40, head="h" * 40, changes=tuple(changes)),
        tree=Tree(files={recipe.file: f"100644:{recipe.name}" for recipe in recipes}),
        recipes=tuple(recipes),
        rendered={machine: tuple(o for m, o in outputs if m is machine) for machine in (LINUX, OSX)},
    )


def surveyed(products: tuple[Product, ...], changed: tuple[str, ...] | None = None) -> Survey:
    return survey(*((p.machine, p.output) for p in products), changed=changed)


def planned(*outputs: Output, machine: Subdir = LINUX, published: Any = None, **settings: Any) -> BuildPlan:
    return decide(survey(*((machine, o) for o in outputs)), published or {}, replace(SETTINGS, **settings))


def cells(plan: BuildPlan) -> dict[str, list[str]]:
    return {job.id: [output.filename.dist.name for output in job.outputs] for job in plan.jobs}


@given(worlds())
def test_an_order_respects_every_requirement(products: tuple[Product, ...]) -> None:
    plan = decide(surveyed(products), {}, SETTINGS)
    for job in plan.jobs:
        place = {str(output.filename): at for at, output in enumerate(job.outputs)}
        assert all(place[needed] < at for at, output in enumerate(job.outputs) for needed in output.requires)


@given(worlds())
def test_every_output_is_in_one_cell_or_skipped(products: tuple[Product, ...]) -> None:
    plan = decide(surveyed(products), {}, SETTINGS)
    told = [f"{o.subdir}/{o.filename}" for o in plan.outputs() if o.role is Role.SHIP]
    skipped = {skip.what for skip in plan.skips}
    assert len(told) == len(set(told))
    assert len({job.id for job in plan.jobs}) == len(plan.jobs)
    assert all(p.key in told or str(p.output.filename) in skipped for p in products)
    assert all(
        job.subdir is not NOARCH and output.subdir in {job.subdir, NOARCH}
        for job in plan.jobs
        for output in job.outputs
    )


@given(worlds(), st.data())
def test_planning_twice_is_identical(products: tuple[Product, ...], data: st.DataObject) -> None:
    turned = data.draw(st.permutations(products))
    assert decide(surveyed(products), {}, SETTINGS) == decide(surveyed(tuple(turned)), {}, SETTINGS)


@settings(deadline=None)
@given(worlds())
def test_planning_after_publishing_is_empty_in_the_end(products: tuple[Product, ...]) -> None:
    plans: list[BuildPlan] = []
    while not plans or plans[-1].jobs:
        plans.append(decide(surveyed(products), published_by(*plans), SETTINGS))
        assert not plans[-1].refusals
    assert len(plans) <= 2
    assert {skip.reason for skip in plans[-1].skips} <= {Reason.PUBLISHED, Reason.NO_SUCH_SUBDIR}


@given(worlds(), st.data())
def test_a_range_asks_for_what_changed_and_what_that_lacks(products: tuple[Product, ...], data: st.DataObject) -> None:
    whole = decide(surveyed(products), {}, SETTINGS)
    name = data.draw(st.sampled_from(sorted({p.name for p in products})))
    plan = decide(surveyed(products, (f"recipes/{name}/recipe.yaml",)), {}, SETTINGS)
    assert {str(o.filename) for o in plan.outputs()} <= {str(o.filename) for o in whole.outputs()}
    for planned_output in plan.outputs():
        is_it = planned_output.filename.dist.name == name
        assert planned_output.reason is (Reason.CHANGED if is_it else Reason.MISSING)


@given(worlds(acyclic=False))
def test_there_is_an_order_or_every_cycle_is_named(products: tuple[Product, ...]) -> None:
    edges = {p.name: set(p.output.build + p.output.host + p.output.run) for p in products}
    names = sorted({p.name for p in products})
    plan = decide(surveyed(products), {}, SETTINGS)
    assert bool(plan.problems) == bool(cycles(names, edges))
    assert all("a cycle of requirements" in p.message and p.path and p.hint for p in plan.problems)
    stopped = {skip.recipe for skip in plan.skips if skip.reason is Reason.WRONG}
    assert {o.recipe for o in plan.outputs()} | stopped == {p.recipe for p in products}


def test_a_cycle_is_named_in_order() -> None:
    loop = (output("a", host=("b",)), output("b", run=("c >=1",)), output("c", build=("a",)))
    plan = planned(*loop, output("d", run=("c",)), output("e"))
    (problem,) = plan.problems
    assert cells(plan) == {"linux-64-e": ["e"]}
    told = {skip.recipe: skip.because for skip in plan.skips}
    assert told["recipes/d"] == "it needs `linux-64/c-1.0-h1_0.conda`: it is on a cycle of requirements"
    assert "`a` requires `b` requires `c` requires `a`" in problem.message
    assert problem.path == "recipes/a/recipe.yaml"


def test_an_older_build_of_itself_is_no_cycle() -> None:
    assert cells(planned(output("rust", build=("rust <2",)))) == {"linux-64-rust": ["rust"]}


def test_cells_are_what_hangs_together() -> None:
    two = recipe("two")
    plan = planned(
        output("z-tool", host=("lib",)), output("lib"), output("alone"), output("one", two), output("other", two)
    )
    assert cells(plan) == {
        "linux-64-alone": ["alone"],
        "linux-64-lib": ["lib", "z-tool"],
        "linux-64-two": ["one", "other"],
    }


def test_job_ids_are_unique_and_plain() -> None:
    twice = (output("a", recipe("X_y", "recipes/1/X_y")), output("b", recipe("X_y", "recipes/2/X_y")))
    assert list(cells(planned(*twice))) == ["linux-64-x-y", "linux-64-x-y-2"]


def test_a_noarch_output_is_built_once_at_home() -> None:
    data = output("data", subdir=NOARCH)
    plan = decide(survey((LINUX, data), (OSX, data)), {}, SETTINGS)
    assert [(job.subdir, len(job.outputs)) for job in plan.jobs] == [(LINUX, 1)]
    plan = decide(survey((OSX, data)), {}, SETTINGS)
    assert [job.subdir for job in plan.jobs] == [OSX]


def test_what_needs_a_noarch_output_of_another_job_builds_it_as_scaffolding() -> None:
    data, tools = (
        output("data", subdir=NOARCH),
        [output("tool", subdir=s, run=("data",), string=f"h{s[0]}_0") for s in (LINUX, OSX)],
    )
    seen = survey((LINUX, data), (OSX, data), (LINUX, tools[0]), (OSX, tools[1]))
    first = decide(seen, {}, SETTINGS)
    assert [(job.subdir, [(o.filename.dist.name, o.role) for o in job.outputs]) for job in first.jobs] == [
        (LINUX, [("data", Role.SHIP), ("tool", Role.SHIP)]), (OSX, [("data", Role.SCAFFOLD), ("tool", Role.SHIP)])
    ]  # fmt: skip
    again = decide(seen, published_by(first), SETTINGS)
    assert not again.jobs


def test_an_exact_pin_and_a_shared_variant_tell_builds_apart() -> None:
    libs = [output("lib", string=f"py{v}_0", variant=(("python", v),)) for v in ("311", "312")]
    tool = output("tool", host=("lib",), variant=(("python", "312"),))
    exact = output("meta", run=("lib ==1.0 py311_0",))
    plan = planned(*libs, tool, exact)
    required = {o.filename.dist.name: o.requires for o in plan.outputs()}
    assert required["tool"] == ("lib-1.0-py312_0.conda",)
    assert required["meta"] == ("lib-1.0-py311_0.conda",)


def test_a_missing_program_skips_what_needs_it_and_all_that_needs_that() -> None:
    plan = planned(
        output("lib", needs=("cc", "sh")), output("tool", host=("lib",)), output("app", run=("tool",)), output("data"),
        has=lambda machine, program: (machine, program) != (LINUX, "cc"),
    )  # fmt: skip
    assert cells(plan) == {"linux-64-data": ["data"]}
    assert {skip.reason for skip in plan.skips} >= {Reason.NEEDS_PROGRAM}
    told = {skip.recipe: skip.because for skip in plan.skips if skip.reason is Reason.NEEDS_PROGRAM}
    assert told["recipes/lib"] == "this machine has no `cc`"
    assert "lib-1.0-h1_0.conda" in told["recipes/app"]
    assert "`cc`" in told["recipes/tool"]


def test_what_is_published_needs_no_program() -> None:
    lib, tool = output("lib", needs=("cc",)), output("tool", host=("lib",))
    plan = planned(lib, tool, published=published_by(planned(lib)), has=lambda _machine, _program: False)
    assert cells(plan) == {"linux-64-tool": ["tool"]}


def held(filename: str, number: int = 0, input_hash: str = "b" * 64) -> Holdings:
    published = PublishedOutput(filename=Filename.parse(filename), build_number=number, input_hash=input_hash)
    return Holdings(published={LINUX: [published]})


def judged(holdings: Holdings, *variants: str, **fields: Any) -> object:
    one = product("a", **fields)
    return holdings.judge(one, {one.output.filename, *map(Filename.parse, variants)})


def test_changed_but_not_bumped_is_told_with_the_next_free_number() -> None:
    assert judged(held("a-1.0-h1_0.conda")) == Broken(
        because="`a-1.0-h1_0.conda` is published from other inputs", free=1
    )
    assert isinstance(judged(held("a-1.0-h1_0.conda", input_hash="a" * 64)), Held)
    assert judged(held("a-1.0-h1_0.conda"), number=1, string="h1_1") == Lacking()
    assert judged(held("a-2.0-h1_0.conda")) == Lacking()


def test_the_hash_in_a_build_string_hides_no_broken_promise() -> None:
    assert isinstance(judged(held("a-1.0-h9_0.conda")), Broken)
    assert isinstance(judged(held("a-1.0-h9_0.conda", input_hash="a" * 64)), Held)
    assert judged(held("a-1.0-h9_0.conda"), number=1, string="h1_1") == Lacking()


def test_another_variant_may_be_added_beside_the_published_ones() -> None:
    assert judged(held("a-1.0-py311_0.conda"), "a-1.0-py311_0.conda", string="py312_0") == Lacking()


@pytest.mark.parametrize("filename", ["a-1.0-h1_0.conda", "a-1.0-0.tar.bz2"])
def test_an_import_counts_as_published(filename: str) -> None:
    assert isinstance(judged(held(filename, input_hash="")), Held)


def test_a_refusal_says_what_to_write_where() -> None:
    plan = planned(output("a"), published=held("a-1.0-h1_0.conda").published)
    (refusal,) = plan.refusals
    assert (plan.jobs, refusal.reason, refusal.what) == ((), Reason.NOT_BUMPED, "a-1.0-h1_0.conda")
    assert refusal.hint == "set the build number to 1 in recipes/a/recipe.yaml"


def test_a_recipe_that_nobody_touched_is_never_refused() -> None:
    outputs = [(LINUX, output("lib")), (LINUX, output("tool", host=("lib",)))]
    plan = decide(
        survey(*outputs, changed=("recipes/tool/x", "README.md")), held("lib-1.0-h1_0.conda").published, SETTINGS
    )
    assert (plan.refusals, cells(plan), plan.unowned) == ((), {"linux-64-tool": ["tool"]}, ("README.md",))


def test_what_nothing_touched_and_what_makes_nothing_is_said() -> None:
    plan = decide(survey((LINUX, output("a")), (LINUX, output("b")), changed=("recipes/a/x",)), {}, SETTINGS)
    assert [(s.recipe, s.reason) for s in plan.skips] == [
        ("recipes/a", Reason.NO_SUCH_SUBDIR), ("recipes/b", Reason.UNCHANGED)
    ]  # fmt: skip


def test_two_recipes_that_make_the_same_package_are_both_named() -> None:
    plan = planned(output("a"), output("a", recipe("b"), version="2.0"), output("c"))
    assert "recipes/a/recipe.yaml and recipes/b/recipe.yaml" in plan.problems[0].message
    assert cells(plan) == {"linux-64-c": ["c"]}


def test_a_folder_called_like_the_package_may_hold_recipes_of_its_versions() -> None:
    old, new = recipe("1.0", "recipes/a/1.0"), recipe("a")
    assert cells(planned(output("a", old), output("a", new, version="2.0"))) == {
        "linux-64-1-0": ["a"], "linux-64-a": ["a"]
    }  # fmt: skip
    assert planned(output("a", old), output("a", new)).problems


def test_scaffolding_that_one_machine_cannot_build_is_no_obstacle_elsewhere() -> None:
    machines = (LINUX, OSX, Subdir.WIN_64)
    data = output("data", subdir=NOARCH, needs=("cc",))
    tools = {m: output("tool", subdir=m, run=("data",), string=f"h{m[0]}_0") for m in machines}
    seen = replace(survey((LINUX, data)), rendered={m: (data, tools[m]) for m in machines})
    seen = replace(seen, recipes=(data.recipe, tools[LINUX].recipe))
    settings_ = replace(SETTINGS, subdirs=machines, has=lambda machine, _: machine is not OSX)
    plan = decide(seen, {}, settings_)
    assert [(job.subdir, len(job.outputs)) for job in plan.jobs] == [(LINUX, 2), (Subdir.WIN_64, 2)]
    assert [(s.recipe, s.reason) for s in plan.skips] == [("recipes/tool", Reason.NEEDS_PROGRAM)]


WASM = Subdir.EMSCRIPTEN_WASM32


def test_what_nobody_builds_on_is_built_with_another_machines_tools() -> None:
    """There a tool and what it is to be for may have one name: `python` is no cycle of a compiler that needs python."""
    python, compiler = output("python", subdir=WASM, build=("cc",)), output("cc", subdir=WASM, build=("python",))
    plan = decide(_wasm(python, compiler), {}, SETTINGS_WASM)
    assert (plan.problems, len(plan.outputs())) == ((), 2)


def test_what_is_built_with_a_tool_of_another_job_waits_for_its_publish() -> None:
    tool, app = output("cc"), output("app", subdir=WASM, build=("cc",))
    first = decide(_wasm(app, linux=(tool,)), {}, SETTINGS_WASM)
    assert [(s.recipe, s.reason) for s in first.skips if s.reason is Reason.ELSEWHERE] == [
        ("recipes/app", Reason.ELSEWHERE)
    ]
    again = decide(_wasm(app, linux=(tool,)), published_by(first), SETTINGS_WASM)
    assert [o.recipe for o in again.outputs()] == ["recipes/app"]


SETTINGS_WASM = replace(SETTINGS, subdirs=(NOARCH, LINUX, WASM))


def _wasm(*outputs: Output, linux: tuple[Output, ...] = ()) -> Survey:
    seen = survey(*((LINUX, o) for o in (*linux, *outputs)))
    return replace(seen, rendered={LINUX: linux, WASM: outputs})
