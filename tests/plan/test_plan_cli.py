"""`channel plan` as it is called: stdout is the plan, stderr is told to a person, the exit code is the answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from simulator import NOW, Package, World, ring

from ci_tools import documents
from ci_tools.adapters.stores.local import LocalStore
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.cli import answer
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.package import Subdir
from ci_tools.core.plan import BuildPlan, Reason
from ci_tools.errors import TrustError
from ci_tools.flows.published import published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Tree

RECIPE = "schema_version: 1\npackage:\n  name: data\n  version: '1.0'\nbuild:\n  noarch: generic\n  script: echo\n"
Call = "Callable[..., tuple[int, str, str]]"


@pytest.fixture
def shop(tree: Tree) -> Tree:
    tree.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64]\n")
    tree.write("recipes/data/recipe.yaml", RECIPE)
    tree.commit("a channel")
    return tree


@pytest.fixture
def channel(shop: Tree, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*argv: str) -> tuple[int, str, str]:
        code = answer(["--config", str(shop.path / "channel.yaml"), "plan", *argv], {"PATH": os.environ["PATH"]})
        told = capfd.readouterr()
        return int(code), told.out, told.err

    return call


def test_the_plan_goes_to_a_file_and_a_table_to_stderr(channel: Call, tmp_path: Path) -> None:
    code, out, err = channel("--out", str(tmp_path / "new/plan.json"))
    found = documents.read(BuildPlan, (tmp_path / "new/plan.json").read_bytes(), "plan.json")
    assert (code, out, [o.reason for o in found.outputs()]) == (0, "", [Reason.MISSING])
    assert "  linux-64-data  on ubuntu-24.04" in err
    assert "    data  1.0  " in err
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["plan.json"]


def test_json_is_the_plan_alone(channel: Call, tmp_path: Path) -> None:
    code, out, _ = channel("--json", "--base", "HEAD", "--out", str(tmp_path / "plan.json"))
    assert (code, documents.read(BuildPlan, out.encode(), "stdout").jobs) == (0, ())
    assert (tmp_path / "plan.json").read_text() == out


def test_nothing_to_do_is_said_and_is_no_failure(channel: Call) -> None:
    code, out, err = channel("--base", "HEAD")
    assert (code, out) == (0, "")
    assert "nothing to do" in err


def test_a_dry_run_writes_no_plan(channel: Call, tmp_path: Path) -> None:
    assert channel("--dry-run", "--out", str(tmp_path / "plan.json"))[0] == 0
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--base", "nonsense"], "`nonsense` names no commit here"),
        (["--base", "HEAD", "--missing"], "exclude each other"),
        (["--subdir", "osx-64"], "`osx-64` is not a subdir of this channel"),
        (["--out", "/dev/null/plan.json"], "cannot be written"),
    ],
)
def test_a_wrong_word_on_the_command_line_ends_with_two(channel: Call, argv: list[str], said: str) -> None:
    code, _, err = channel(*argv)
    assert code == 2
    assert said in err
    assert "hint: " in err


def test_every_mistake_of_the_recipes_is_told_and_ends_with_three(shop: Tree, channel: Call) -> None:
    shop.write("recipes/a/recipe.yaml", "package: [\n")
    shop.write("recipes/b/recipe.yaml", RECIPE.replace("data", "date"))
    code, out, err = channel("--json")
    found = documents.read(BuildPlan, out.encode(), "stdout")
    assert (code, [o.recipe for o in found.outputs()], len(found.problems)) == (3, ["recipes/data"], 2)
    assert "recipes/a/recipe.yaml:2:1: " in err
    assert "recipes/b/recipe.yaml:3: the folder `b` holds the recipe of `date`" in err


def test_a_refusal_ends_with_three_once_the_plan_is_written(shop: Tree, channel: Call, tmp_path: Path) -> None:
    (planned,) = documents.read(BuildPlan, channel("--json")[1].encode(), "stdout").outputs()
    package = Package(name="data", build=planned.filename.dist.build, inputs="others")
    World(folder=tmp_path / "world", store=LocalStore(shop.path / ".channel")).publish(package)
    shop.write(".keys/public/1.root.json", ring().root)
    code, _, err = channel("--out", str(tmp_path / "plan.json"))
    found = documents.read(BuildPlan, (tmp_path / "plan.json").read_bytes(), "plan.json")
    assert (code, found.generation, found.jobs, len(found.refusals)) == (3, 1, (), 1)
    assert "set the build number to 1 in recipes/data/recipe.yaml" in err


def test_a_configuration_below_the_top_of_the_repository_is_refused(shop: Tree) -> None:
    shop.write("deeper/channel.yaml", "channel: acme\n")
    assert answer(["--config", str(shop.path / "deeper/channel.yaml"), "plan"], {"PATH": os.environ["PATH"]}) == 2


def test_what_is_published_is_read_from_the_present_generation(tmp_path: Path) -> None:
    world = World(folder=tmp_path)
    package = Package(name="a", build="h_3", build_number=3)
    world.publish(package)
    found = published(world.store, ring().root, [Subdir.LINUX_64], NOW)
    hashed = package.planned.input_hash
    held = PublishedOutput(filename=package.filename, build_number=3, input_hash=hashed, seconds=1.0,
                           commit="1" * 40, generation=1)  # fmt: skip
    assert (found.generation, found.outputs) == (1, {Subdir.LINUX_64: (), Subdir.NOARCH: (held,)})


def test_a_channel_without_keys_holds_nothing_but_one_that_does_is_not_trusted(tmp_path: Path) -> None:
    assert published(MemoryStore(), None, [], NOW).generation == 0
    world = World(folder=tmp_path)
    world.publish(Package(name="a"))
    with pytest.raises(TrustError):
        published(world.store, None, [], NOW)
