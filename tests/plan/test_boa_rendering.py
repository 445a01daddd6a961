"""boa's recipes: quoted templates, sel(…), steps, and what boa calls the builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rendering import Kitchen, builds

from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from pathlib import Path

TOP = 'context: {name: a, version: "1.4.2"}\npackage:\n  name: "{{ name }}"\n  version: "{{ version }}"\n'


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path, Dialect.BOA)


def test_boa_hashes_the_machine_even_where_it_does_not_matter(kitchen: Kitchen) -> None:
    assert builds(kitchen.outputs(TOP + "build: {number: 0, noarch: generic}\n")) == [
        "a hb0f4dca_0"
    ]  # seen of boa 0.17


def test_a_selector_chooses_a_value_or_leaves_it_out(kitchen: Kitchen) -> None:
    text = TOP + (
        "requirements:\n  host:\n    - sel(linux): on-linux\n    - sel(win): on-win\n"
        "    - sel(unix): [one, two]\n    - always\n  run: [always]\n"
    )
    assert kitchen.output(text).host == ("on-linux", "one", "two", "always")
    assert kitchen.output(text, Subdir.WIN_64).host == ("on-win", "always")


def test_a_step_is_a_package_and_pins_its_siblings(kitchen: Kitchen) -> None:
    lib, tool = kitchen.outputs(
        TOP + "build: {number: 1}\nsteps:\n  - step: {name: compile}\n"
        "  - package: {name: lib}\n    build:\n      run_exports:\n"
        "        - \"{{ pin_subpackage('lib', max_pin='x.x') }}\"\n"
        "  - package: {name: tool}\n    requirements:\n      run:\n"
        "        - \"{{ pin_subpackage('lib', exact=True) }}\"\n"
    )
    assert lib.run_exports == (("weak", "lib >=1.4.2,<1.5.0a0"),)
    assert tool.run == (f"lib ==1.4.2 {lib.filename.dist.build}",)
    assert (lib.build_number, str(tool.filename)) == (1, "tool-1.4.2-hb0f4dca_1.conda")


def test_values_are_those_that_a_requirement_admits(kitchen: Kitchen) -> None:
    kitchen.write(
        "conda_build_config.yaml",
        "python:\n  - '3.9'\n  - '3.11'\n  - '3.12'\nc_compiler: gcc\nc_compiler_version: 13\n",
    )
    found = kitchen.outputs(
        TOP + "requirements:\n  build: [\"{{ compiler('c') }}\"]\n  host: [python >=3.10]\n  run: [python]\n"
    )
    assert [dict(o.variant)["python"] for o in found] == ["3.11", "3.12"]
    assert [build.partition("h")[0] for build in builds(found)] == ["a py311", "a py312"]
    assert (found[0].build, found[0].host) == (("gcc_linux-64 13*",), ("python 3.11",))


def test_a_skip_is_nothing_and_no_problem(kitchen: Kitchen) -> None:
    assert kitchen.outputs(TOP + "build: {skip: ['linux', 'win']}\n") == ()
    assert len(kitchen.outputs(TOP + "build: {skip: ['linux', 'win']}\n", Subdir.OSX_ARM64)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TOP + "build: [\n", "recipes/a/recipe.yaml:6:1: "),
        (TOP + 'about: {license: "{{ nobody }}"}\n', "recipes/a/recipe.yaml:5: 'nobody' is undefined"),
        (TOP + "build:\n  skip:\n    - linux and\n", "recipes/a/recipe.yaml:7:7: `linux and` is no condition"),
        (TOP + "requirements:\n  host:\n    - sel(linux and): x\n", "recipes/a/recipe.yaml:7:7: `sel(linux and)`: "),
        ("steps: []\n", "recipes/a/recipe.yaml:1:1: it has no package"),
        ("- sel(x): y\n", "recipes/a/recipe.yaml:1:1: it is no mapping"),
    ],
)
def test_a_mistake_is_told_with_its_place(kitchen: Kitchen, text: str, told: str) -> None:
    assert kitchen.problem(text).startswith(told)
