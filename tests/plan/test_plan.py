"""The whole way: a real git repository, recipes rendered by the real back end, a plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from strategies_plan import LINUX, NOARCH, published_by

from ci_tools.adapters.builders.rattler_build import RattlerBuild
from ci_tools.adapters.rendering.processes import RenderingProcesses
from ci_tools.core.changes import Everything, Push, Since, Span
from ci_tools.core.plan import BuildPlan, Reason
from ci_tools.core.planner import PlanSettings
from ci_tools.errors import UsageError
from ci_tools.flows.plan import Means, plan

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Tree

SETTINGS = PlanSettings(channel="https://conda.example/c", recipes="recipes", subdirs=(NOARCH, LINUX))
EVERYTHING = Everything()
ZEROS = "0" * 40
RECIPE = """\
schema_version: 1

package:
  name: {name}
  version: "1.0"

build:
  number: {number}
  script: echo {text}
{rest}"""


def recipe(name: str, *, number: int = 0, text: str = "x", rest: str = "", **kinds: str) -> str:
    needs = "".join(f"  {kind}: [{spec}]\n" for kind, spec in kinds.items())
    return RECIPE.format(name=name, number=number, text=text, rest=rest + (f"requirements:\n{needs}" if needs else ""))


def write(tree: Tree, name: str, folder: str = "", **fields: Any) -> None:
    tree.write(f"recipes/{folder or name}/recipe.yaml", recipe(name, **fields))


def planned(tree: Tree, span: Span = EVERYTHING, *published: BuildPlan) -> BuildPlan:
    repository = tree.open()
    backend = RattlerBuild(root=repository.root, env=os.environ)
    renderer = RenderingProcesses(root=repository.root, env=os.environ)
    means = Means(repository=repository, renderer=renderer, backends=[backend])
    return plan(means, published_by(*published), SETTINGS, span)


def names(found: BuildPlan) -> list[str]:
    return [output.filename.dist.name for output in found.outputs()]


def mistakes(tree: Tree) -> list[str]:
    problems = planned(tree).problems
    assert all(problem.hint for problem in problems)
    return [str(problem) for problem in problems]


@pytest.fixture
def shop(tree: Tree) -> Tree:
    """A repository with a library, a tool that needs it, and one thing apart, committed."""
    write(tree, "lib")
    write(tree, "tool", host="lib")
    write(tree, "apart")
    tree.commit("recipes")
    return tree


def test_planning_after_publishing_is_empty(shop: Tree) -> None:
    first = planned(shop)
    assert sorted(names(first)) == ["apart", "lib", "tool"]
    again = planned(shop, EVERYTHING, first)
    assert (again.jobs, again.refusals, {skip.reason for skip in again.skips}) == ((), (), {Reason.PUBLISHED})


def test_a_branch_is_planned_from_where_it_parted(shop: Tree) -> None:
    shop.git("switch", "-q", "-c", "branch")
    write(shop, "tool", text="new", number=1, host="lib")
    shop.commit("tool")
    shop.git("switch", "-q", "main")
    write(shop, "apart", text="new", number=1)
    shop.commit("apart")
    shop.git("switch", "-q", "branch")
    found = planned(shop, Since(base="main"))
    assert [(o.filename.dist.name, o.reason) for o in found.outputs()] == [
        ("lib", Reason.MISSING), ("tool", Reason.CHANGED)
    ]  # fmt: skip
    assert found.base == shop.git("merge-base", "main", "branch")


def test_a_push_is_planned_from_what_it_replaced(shop: Tree) -> None:
    before = shop.git("rev-parse", "HEAD")
    for text in ("one", "two"):
        write(shop, "apart", text=text)
        shop.commit(text)
    found = planned(shop, Push(before=before))
    assert (names(found), found.base) == (["apart"], before)


@pytest.mark.parametrize("before", [ZEROS, "f" * 40])
def test_a_first_push_is_compared_with_what_is_published(shop: Tree, before: str) -> None:
    found = planned(shop, Push(before=before))
    assert (sorted(names(found)), found.base) == (["apart", "lib", "tool"], "")


def test_a_force_push_is_compared_with_what_is_published(shop: Tree) -> None:
    write(shop, "apart", text="other")
    replaced = shop.commit("to be replaced")
    shop.git("reset", "-q", "--hard", "HEAD~1")
    assert sorted(names(planned(shop, Push(before=replaced)))) == ["apart", "lib", "tool"]


def test_what_changed_but_was_not_bumped_is_refused_and_the_rest_goes_on(shop: Tree) -> None:
    first = planned(shop)
    write(shop, "apart", text="other")
    write(shop, "tool", number=1, host="lib")
    found = planned(shop, EVERYTHING, first)
    assert [(r.recipe, r.hint) for r in found.refusals] == [
        ("recipes/apart", "set the build number to 1 in recipes/apart/recipe.yaml")
    ]
    assert names(found) == ["tool"]


@pytest.mark.parametrize("path", ["recipes/lib/src/a", "recipes/lib/LICENSE"])
def test_any_owned_file_is_an_input(shop: Tree, path: str) -> None:
    shop.write(path, "1\n")
    first = planned(shop)
    shop.write(path, "2\n")
    assert [r.recipe for r in planned(shop, EVERYTHING, first).refusals] == ["recipes/lib"]
    shop.write(path, "1\n").chmod(0o755)
    assert [r.recipe for r in planned(shop, EVERYTHING, first).refusals] == ["recipes/lib"]
    (shop.path / path).chmod(0o644)
    assert not planned(shop, EVERYTHING, first).refusals


def test_what_belongs_to_a_nested_recipe_or_to_nobody_is_no_input(shop: Tree) -> None:
    write(shop, "inner", "lib/inner")
    first = planned(shop)
    shop.write("recipes/lib/inner/src/x")
    shop.write("recipes/README.md")
    found = planned(shop, Since(base="HEAD"), first)
    assert [r.recipe for r in found.refusals] == ["recipes/lib/inner"]
    assert found.unowned == ("recipes/README.md",)


def test_a_path_source_outside_of_the_folder_is_an_input(shop: Tree) -> None:
    shop.write("shared/x", "1\n")
    write(shop, "lib", rest="source:\n  path: ../../shared\n")
    shop.commit("shared")
    first = planned(shop)
    shop.write("shared/x", "2\n")
    found = planned(shop, Since(base="HEAD"), first)
    assert ([r.recipe for r in found.refusals], found.unowned) == (["recipes/lib"], ())


def test_a_moved_recipe_is_the_same_package(shop: Tree) -> None:
    first = planned(shop)
    (shop.path / "recipes/more").mkdir()
    shop.git("mv", "recipes/lib", "recipes/tool", "recipes/more")
    shop.commit("move")
    assert planned(shop, Since(base="HEAD~1"), first).jobs == ()
    assert not planned(shop, EVERYTHING, first).refusals


def test_a_deleted_recipe_is_listed(shop: Tree) -> None:
    shop.git("rm", "-q", "-r", "recipes/apart")
    shop.commit("gone")
    found = planned(shop, Since(base="HEAD~1"))
    assert (found.jobs, found.unowned) == ((), ("recipes/apart/recipe.yaml",))


def test_a_dialect_without_back_end_is_skipped_aloud(shop: Tree) -> None:
    shop.write("recipes/old/meta.yaml", "package: {name: old, version: 1}\n")
    found = planned(shop, Since(base="HEAD"))
    told = [(s.recipe, s.reason) for s in found.skips if s.reason is not Reason.UNCHANGED]
    assert told == [("recipes/old", Reason.NO_BACKEND)]


def test_every_mistake_of_every_recipe_is_told_at_once(shop: Tree) -> None:
    shop.write("recipes/broken/recipe.yaml", "package:\n  name: [\n")
    shop.write("recipes/both/recipe.yaml", recipe("both"))
    shop.write("recipes/both/meta.yaml")
    write(shop, "misnamed", "folder")
    write(shop, "outside", rest="source:\n  path: ../../../x\n")
    write(shop, "lib", host="tool")
    write(shop, "apart", "deep/apart")
    told = mistakes(shop)
    assert [text for text in told if text.startswith("recipes/broken/recipe.yaml:")]
    assert "recipes/both: there are two recipes here: meta.yaml and recipe.yaml" in told
    assert "recipes/folder/recipe.yaml:4: the folder `folder` holds the recipe of `misnamed`" in told
    assert "recipes/outside/recipe.yaml: the path source `../../../x` leads out of the repository" in told
    assert "recipes/lib/recipe.yaml: a cycle of requirements: `lib` requires `tool` requires `lib`" in told
    assert any("recipes/apart/recipe.yaml and recipes/deep/apart/recipe.yaml" in text for text in told)
    assert len(told) == 6


def test_several_outputs_may_be_called_otherwise_than_the_folder(tree: Tree) -> None:
    outputs = "".join(f"  - package: {{name: {name}}}\n    build: {{script: echo}}\n" for name in ("one", "two"))
    tree.write("recipes/family/recipe.yaml", f"recipe: {{name: family, version: '1'}}\noutputs:\n{outputs}")
    assert sorted(names(planned(tree))) == ["one", "two"]


def test_a_range_that_cannot_be_told_is_a_wrong_word_on_the_command_line(shop: Tree) -> None:
    shop.git("switch", "-q", "--orphan", "other")
    shop.commit("other")
    for span, said in (
        (Since(base="nonsense"), "names no commit"),
        (Since(base="main"), "no commit in common"),
        (Since(base="HEAD", head="main"), "not what is checked out"),
    ):
        with pytest.raises(UsageError, match=said) as caught:
            planned(shop, span)
        assert caught.value.problems[0].hint


def test_a_shallow_clone_is_told_with_the_way_out(shop: Tree, tmp_path: Path) -> None:
    before = shop.git("rev-parse", "HEAD")
    shop.commit("more", file="1\n")
    shop.git("clone", "-q", "--depth", "1", f"file://{shop.path}", str(tmp_path / "clone"))
    clone = type(shop)(tmp_path / "clone")
    for span in (Push(before=before), Since(base=before)):
        with pytest.raises(UsageError, match="shallow clone"):
            planned(clone, span)
    assert sorted(names(planned(clone, Push(before=ZEROS)))) == ["apart", "lib", "tool"]


def test_a_repository_without_a_commit_can_be_planned(bare_tree: Tree) -> None:
    write(bare_tree, "lib")
    found = planned(bare_tree)
    assert (names(found), found.base, found.head) == (["lib"], "", "")
