"""Renderings come from processes that may hang, die or say nonsense, and from a file that may be lost."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from catalogue import catalogue
from rendering import Kitchen

from ci_tools.adapters.git import GitRepository
from ci_tools.adapters.rendering.cache import RenderingCache
from ci_tools.adapters.rendering.processes import RenderingProcesses
from ci_tools.core.assignments import Assignment, assignments
from ci_tools.core.changes import Everything
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect
from ci_tools.errors import RecipeError
from ci_tools.flows.detect import detect

if TYPE_CHECKING:
    from pathlib import Path

    from catalogue import Catalogue

ENDLESS = "{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}\n"
GREEDY = "{% set x = namespace(a='aaaaaaaa') %}{% for i in range(60) %}{% set x.a = x.a ~ x.a %}{% endfor %}\n"
SMALL = "package: {name: a, version: '1.0'}\n"
LINUX, OSX = Subdir.LINUX_64, Subdir.OSX_ARM64


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path, Dialect.V0)


def processes(root: Path, **fields: object) -> RenderingProcesses:
    return replace(RenderingProcesses(root=root, env=os.environ, patience=30.0), **fields)


def asked(made: Catalogue, *machines: Subdir) -> tuple[Assignment, ...]:
    found = detect(GitRepository(made.path, os.environ), "recipes", Everything())
    return assignments(found.tree, found.recipes, machines or (LINUX,), "recipes/variants.yaml")


@pytest.mark.parametrize("text", [ENDLESS, GREEDY])
def test_a_recipe_that_does_not_end_stops_only_itself(kitchen: Kitchen, text: str) -> None:
    for name in ("a", "b", "c"):
        kitchen.write(f"recipes/{name}/meta.yaml", (text if name == "b" else "") + SMALL)
    found = processes(kitchen.root, patience=4.0).render([kitchen.asked(name) for name in ("a", "b", "c")])
    assert [len(rendering.outputs) for rendering in found] == [1, 0, 1]
    (problem,) = found[1].problems
    assert problem.path == "recipes/b/meta.yaml"
    assert problem.hint


V1 = "schema_version: 1\npackage: {name: a, version: '1'}\n"


def test_hostile_recipes_of_rattler_builds_dialect_stop_only_themselves(tmp_path: Path) -> None:
    """A parser that recurses, aliases that multiply, a text of a hundred gigabytes, a file of ten megabytes."""
    kitchen = Kitchen(tmp_path, Dialect.V1)
    hostile = {
        "deep": "x: " + "[" * 200_000,
        "bomb": "a: &a [x, x]\n" + "".join(f"{n}: &{n} [{', '.join([f'*{o}'] * 9)}]\n" for o, n in ["ab", "bc", "cd"]),
        "huge": "about: {summary: \"${{ 'a' * 100000000000 }}\"}\n",
        "long": "#" * (10 << 20),
        "good": "",
    }
    for name, text in hostile.items():
        kitchen.write(f"recipes/{name}/recipe.yaml", V1 + text)
    found = processes(tmp_path).render([kitchen.asked(name) for name in hostile])
    told = {rendering.recipe.name: rendering.problems for rendering in found}
    assert {name for name, problems in told.items() if not problems} == {"good"}
    assert all(p.path == f"recipes/{name}/recipe.yaml" and p.hint for name, ps in told.items() for p in ps)


def test_answers_are_in_the_order_asked_for_however_many_processes_there_are(tmp_path: Path) -> None:
    made = catalogue(tmp_path / "repository", 90)
    wanted = asked(made, LINUX, OSX)
    one, two = (processes(made.path, parallel=count).render(wanted) for count in (1, 2))
    assert one == two
    assert [(rendering.recipe, rendering.machine) for rendering in one] == [(a.recipe, a.machine) for a in wanted]
    assert not any(rendering.problems for rendering in one)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Catalogue, RenderingCache]:
    return catalogue(tmp_path / "repository", 8), RenderingCache(tmp_path / "cache" / "renderings.sqlite")


def deaf(made: Catalogue, cache: RenderingCache) -> RenderingProcesses:
    """Whoever must start a process here gives up at once."""
    return processes(made.path, cache=cache, patience=0.0)


def test_what_was_rendered_is_not_rendered_again(kept: tuple[Catalogue, RenderingCache]) -> None:
    made, cache = kept
    first = processes(made.path, cache=cache).render(asked(made))
    assert deaf(made, cache).render(asked(made)) == first


def test_a_change_of_what_is_read_is_rendered_anew(kept: tuple[Catalogue, RenderingCache]) -> None:
    made, cache = kept
    processes(made.path, cache=cache).render(asked(made))
    made.bump("pkg-00003")
    again = deaf(made, cache).render(asked(made))
    assert [r.recipe.name for r in again if r.problems] == ["pkg-00003"]
    variants = made.path / "recipes/variants.yaml"
    variants.write_text(variants.read_text().replace("3.2", "3.3"))
    assert all(r.problems for r in deaf(made, cache).render(asked(made)))


@pytest.mark.parametrize("body", [b"", b"SQLite format 3\0" + b"x" * 5000, None])
def test_a_cache_may_be_lost_or_nonsense(kept: tuple[Catalogue, RenderingCache], body: bytes | None) -> None:
    made, cache = kept
    first = processes(made.path, cache=cache).render(asked(made))
    if body is None:
        with sqlite3.connect(cache.file) as base:
            base.execute("UPDATE renderings SET line = substr(line, 1, 40)")
        base.close()
    else:
        cache.file.write_bytes(body)
    assert processes(made.path, cache=cache).render(asked(made)) == first
    assert processes(made.path, cache=cache).render(asked(made)) == first


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    made, nowhere = catalogue(tmp_path / "repository", 2), tmp_path / "file"
    nowhere.write_text("a file, and no folder")
    cache = RenderingCache(nowhere / "renderings.sqlite")
    assert not any(r.problems for r in processes(made.path, cache=cache).render(asked(made)))


def test_what_lies_behind_a_link_is_not_kept(tmp_path: Path) -> None:
    made = catalogue(tmp_path / "repository", 1)
    assert all(each.digest for each in asked(made))
    (made.path / made.folders["pkg-00000"] / "extra").symlink_to("../../../../README.md")
    assert not any(each.digest for each in asked(made))


def test_tables_are_the_values_of_each_machine(tmp_path: Path) -> None:
    texts = [("v.yaml", b"c:\n  - if: linux\n    then: gcc\n  - if: osx\n    then: clang\n"), ("w.yaml", b"z: ['1']\n")]
    linux, osx = processes(tmp_path).tables(texts, (LINUX, OSX))
    assert (linux.values["c"], osx.values["c"], osx.values["z"]) == (("gcc",), ("clang",), ("1",))
    with pytest.raises(RecipeError, match=r"w\.yaml"):
        processes(tmp_path).tables([*texts[:1], ("w.yaml", b"z: [")], (LINUX,))
