"""A change of values or machines asks for the recipes that use them, and no others."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from strategies_plan import LINUX, NOARCH, OSX

from ci_tools.adapters.builders.rattler_build import RattlerBuild
from ci_tools.adapters.rendering.processes import RenderingProcesses
from ci_tools.core.changes import Since
from ci_tools.core.plan import BuildPlan, Reason
from ci_tools.core.planner import PlanSettings, Setup
from ci_tools.flows.plan import Means, plan

if TYPE_CHECKING:
    from conftest import Tree

SETTINGS = PlanSettings(
    channel="https://conda.example/c", recipes="recipes", variants="recipes/variants.yaml", subdirs=(NOARCH, LINUX)
)
VALUES = 'zlib: ["1.2"]\nopenssl: ["3.0"]\nc_compiler: [gcc]\nc_compiler_version: ["13"]\n'
V1 = 'schema_version: 1\npackage: {{name: {name}, version: "1"}}\nbuild: {{script: make}}\nrequirements:\n{needs}'
V0 = "package: {{name: {name}, version: '1'}}\nrequirements:\n{needs}"


@pytest.fixture
def shop(tree: Tree) -> Tree:
    """Users of zlib in two dialects, of a compiler, of nothing; and a group with values of its own."""
    tree.write("recipes/variants.yaml", VALUES)
    for name, needs in {
        "with-zlib": "  host: [zlib]\n", "with-openssl": "  host: [openssl]\n", "plain": "  run: [bash]\n",
        "compiled": "  build: [\"${{ compiler('c') }}\"]\n",
    }.items():  # fmt: skip
        tree.write(f"recipes/{name}/recipe.yaml", V1.format(name=name, needs=needs))
    tree.write("recipes/old/meta.yaml", V0.format(name="old", needs="  host:\n    - zlib\n"))
    tree.write("recipes/group/variants.yaml", 'zlib: ["1.1"]\n')
    tree.write("recipes/group/apart/recipe.yaml", V1.format(name="apart", needs="  host: [zlib]\n"))
    tree.write("channel.yaml", "channel: acme\n")
    tree.commit("recipes")
    return tree


def planned(tree: Tree, **settings: Any) -> BuildPlan:
    repository = tree.open()
    renderer = RenderingProcesses(root=repository.root, env=os.environ)
    means = Means(repository=repository, renderer=renderer, backends=[RattlerBuild(root=repository.root), _Old()])
    return plan(means, {}, replace(SETTINGS, **settings), Since(base="HEAD"))


class _Old:
    """Who would build V0 recipes."""

    version = "none"

    def claims(self, recipe: Any) -> bool:
        return recipe.file.endswith("meta.yaml")


def told(found: BuildPlan) -> dict[str, str]:
    assert found.problems == ()
    return {o.filename.dist.name: o.because for o in found.outputs() if o.reason is Reason.VARIANT}


def test_a_value_asks_for_those_that_use_its_key_in_every_dialect(shop: Tree) -> None:
    shop.write("recipes/variants.yaml", VALUES.replace("1.2", "1.3"))
    found = planned(shop)
    assert told(found) == dict.fromkeys(["with-zlib", "old"], "variant key `zlib` changed")
    assert found.unowned == ()


def test_a_value_for_a_group_asks_for_the_group(shop: Tree) -> None:
    shop.write("recipes/group/variants.yaml", 'zlib: ["1.3"]\n')
    assert list(told(planned(shop))) == ["apart"]


def test_a_compiler_is_a_key_that_its_users_do_not_spell(shop: Tree) -> None:
    shop.write("recipes/variants.yaml", VALUES.replace('"13"', '"14"'))
    assert told(planned(shop)) == {"compiled": "variant key `c_compiler_version` changed"}


def test_a_key_that_is_gone_asks_for_those_that_used_it(shop: Tree) -> None:
    shop.write("recipes/variants.yaml", VALUES.replace('zlib: ["1.2"]\n', ""))
    assert sorted(told(planned(shop))) == ["old", "with-zlib"]


def test_a_comment_asks_for_nothing(shop: Tree) -> None:
    shop.write("recipes/variants.yaml", f"# values\n{VALUES}")
    found = planned(shop)
    assert (found.jobs, found.unowned) == ((), ())


def test_another_variants_file_is_compared_with_the_one_before(shop: Tree) -> None:
    shop.write("ci/values.yaml", VALUES.replace('"3.0"', '"3.5"'))
    (shop.path / "recipes/variants.yaml").unlink()
    shop.write("channel.yaml", "channel: acme\nrecipes: {variants: ci/values.yaml}\n")
    before = Setup(recipes="recipes", variants="recipes/variants.yaml", subdirs=(NOARCH, LINUX))
    found = planned(shop, variants="ci/values.yaml", file="channel.yaml", read=lambda _: before)
    assert told(found) == {"with-openssl": "variant key `openssl` changed"}


def test_a_new_subdir_asks_for_what_is_made_on_it(shop: Tree) -> None:
    shop.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64, osx-arm64]\n")
    before = Setup(recipes="recipes", variants="recipes/variants.yaml", subdirs=(NOARCH, LINUX))
    found = planned(shop, subdirs=(NOARCH, LINUX, OSX), file="channel.yaml", read=lambda _: before)
    assert {(o.subdir, o.reason) for o in found.outputs()} == {(OSX, Reason.SUBDIR)}
    assert len(found.outputs()) == 6


def test_values_that_cannot_be_told_are_a_mistake_of_their_file(shop: Tree) -> None:
    shop.write("recipes/variants.yaml", "zlib: [\n")
    assert {problem.path for problem in planned(shop).problems} == {"recipes/variants.yaml"}
