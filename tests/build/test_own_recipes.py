"""The recipes of this repository, built for real and used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workshop import rattler_workshop

from ci_tools.adapters import machine
from ci_tools.core.package import Subdir
from ci_tools.core.plan import Built
from ci_tools.core.recipe import Dialect, Recipe

if TYPE_CHECKING:
    from workshop import Workshop

    from ci_tools.core.plan import Failed

ROOT = Path(__file__).parents[2]
needs_cc = pytest.mark.skipif(not machine.has("cc"), reason="NO C COMPILER `cc`: the compiled recipes are not built")


def recipe(name: str) -> Recipe:
    return Recipe(name=name, directory=f"recipes/{name}", file=f"recipes/{name}/recipe.yaml", dialect=Dialect.V1)


def build(folder: Path, *names: str) -> tuple[Workshop, list[Built | Failed]]:
    shop = rattler_workshop(folder, root=ROOT)
    return shop, [outcome for name in names for outcome in shop.build(recipe(name))]


def installed(prefix: Path, channel: Path, spec: str) -> Path:
    """The bin of a prefix that py-rattler made from the folder alone."""
    script = Path(__file__).with_name("installing.py")
    subprocess.run([sys.executable, script, channel.as_uri(), prefix, spec], check=True, timeout=60)
    return prefix / "bin"


def said(*argv: str | Path) -> str:
    env = {"PATH": os.defpath}  # as any user has it: nothing is activated
    return subprocess.run(argv, env=env, check=True, capture_output=True, text=True, timeout=20).stdout


def test_the_script_finds_its_table_wherever_both_are_installed(tmp_path: Path) -> None:
    shop, outcomes = build(tmp_path, "unit-table", "howmuch")
    assert [type(outcome) for outcome in outcomes] == [Built] * 2, outcomes
    found = installed(tmp_path / "an env", shop.workspace.collected, "howmuch")
    assert said(found / "howmuch", "26.2", "mi", "km") == "26.2 mi = 42.16481 km\n"


@needs_cc
def test_the_program_finds_its_library_wherever_both_are_installed(tmp_path: Path) -> None:
    shop, outcomes = build(tmp_path, "libdaylight", "daylight")
    assert [type(outcome) for outcome in outcomes] == [Built] * 2, outcomes
    found = installed(tmp_path / "an env", shop.workspace.collected, "daylight")
    assert said(found / "daylight", "59.33", "18.07", "2026-06-21").splitlines()[0] == "sunrise  01:31 UTC"


@pytest.mark.parametrize("name", ["libdaylight", "daylight"])
@pytest.mark.parametrize(("subdir", "there"), [("linux-64", 1), ("osx-arm64", 1), ("win-64", 0)])
def test_the_compiled_recipes_name_the_compiler_they_need(name: str, subdir: str, there: int, tmp_path: Path) -> None:
    outputs = rattler_workshop(tmp_path, root=ROOT).backend.render(recipe(name), Subdir(subdir))
    assert [output.needs for output in outputs] == [("cc",)] * there


def test_the_oldest_macos_is_a_variant_of_what_is_compiled_there(tmp_path: Path) -> None:
    (output,) = rattler_workshop(tmp_path, root=ROOT).backend.render(recipe("libdaylight"), Subdir.OSX_ARM64)
    assert dict(output.variant)["macos"] == "11.0"
