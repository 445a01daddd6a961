"""What a V1 recipe makes, and where its mistakes are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from workshop import Spec, rattler_workshop

from ci_tools.core.package import Subdir
from ci_tools.core.plan import Built
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from pathlib import Path

    from workshop import Workshop

HEAD = 'schema_version: 1\npackage:\n  name: a\n  version: "1"\n'
MULTI = """
schema_version: 1
recipe:
  name: multi
  version: "1.2.0"
source:
  path: src
build:
  number: 2
  script: [mkdir -p $PREFIX/share, cp shared.txt $PREFIX/share/$PKG_NAME]
outputs:
  - package: {name: multi-lib}
    requirements:
      run_exports: ['${{ pin_subpackage("multi-lib", upper_bound="x.x") }}']
  - package: {name: multi-tables}
    build: {noarch: generic}
  - package: {name: multi}
    build: {skip: [osx]}
    requirements:
      host: ['${{ pin_subpackage("multi-lib", exact=True) }}']
      run: ['${{ pin_subpackage("multi-tables") }}']
extra:
  channel: {needs: [awk]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return rattler_workshop(tmp_path)


def test_every_output_of_a_recipe_is_built_in_order(shop: Workshop) -> None:
    outcomes = shop.build(shop.recipe("multi", MULTI, {"src/shared.txt": "hi"}))
    assert [o.filename.dist.name for o in outcomes if isinstance(o, Built)] == ["multi-lib", "multi-tables", "multi"]


def test_an_output_says_what_it_is_made_from(shop: Workshop) -> None:
    lib, tables, multi = shop.backend.render(shop.recipe("multi", MULTI), Subdir.LINUX_64)
    assert (lib.subdir, tables.subdir, lib.build_number) == ("linux-64", "noarch", 2)
    assert multi.host == (f"multi-lib ==1.2.0 {lib.filename.dist.build}",)
    assert multi.run == ("multi-tables >=1.2.0,<2.0a0",)
    assert (multi.sources, multi.needs) == (("src",), ("awk",))
    assert dict(multi.variant)["multi-lib"] == f"1.2.0 {lib.filename.dist.build}"


def test_what_a_recipe_skips_is_not_there(shop: Workshop) -> None:
    recipe = shop.recipe("multi", MULTI)
    assert [o.filename.dist.name for o in shop.backend.render(recipe, Subdir.OSX_ARM64)] == [
        "multi-lib",
        "multi-tables",
    ]


@pytest.mark.parametrize(
    ("skip", "there"), [("true", 0), ("linux", 0), ("not (linux or win)", 1), ('"${{ unix }}"', 0)]
)
def test_a_recipe_of_one_output_can_skip_too(shop: Workshop, skip: str, there: int) -> None:
    recipe = shop.recipe("a", f"{HEAD}build:\n  skip:\n    - {skip}\n")
    assert len(shop.backend.render(recipe, Subdir.LINUX_64)) == there


def test_a_skip_can_name_a_variant(shop: Workshop) -> None:
    text = HEAD + 'requirements:\n  host: [flavour]\nbuild:\n  skip:\n    - flavour == "sour"\n'
    recipe = shop.recipe("a", text, {"variants.yaml": "flavour: [sweet, sour, salty]"})
    variants = [dict(output.variant)["flavour"] for output in shop.backend.render(recipe, Subdir.LINUX_64)]
    assert variants in (["salty", "sweet"], ["sweet", "salty"])


def test_the_variants_file_nearest_to_the_recipe_counts(shop: Workshop) -> None:
    recipe = shop.recipe("a", HEAD + "requirements:\n  host: [near, far]\n", {"variants.yaml": "near: [mine]"})
    (shop.root / "recipes/variants.yaml").write_text("near: [theirs]\nfar: [theirs]")
    (output,) = shop.backend.render(recipe, Subdir.LINUX_64)
    assert {"near": "mine", "far": "theirs"}.items() <= dict(output.variant).items()


def test_the_channels_own_variants_file_counts_for_every_recipe(shop: Workshop) -> None:
    (shop.root / "ci").mkdir(parents=True)
    (shop.root / "ci/values.yaml").write_text("near: [theirs]\nfar: [theirs]")
    recipe = shop.recipe("a", HEAD + "requirements:\n  host: [near, far]\n", {"variants.yaml": "near: [mine]"})
    (output,) = replace(shop.backend, variants="ci/values.yaml").render(recipe, Subdir.LINUX_64)
    assert {"near": "mine", "far": "theirs"}.items() <= dict(output.variant).items()


@pytest.mark.parametrize(
    ("text", "place", "words", "hint"),
    [
        ("package: [", "", "node", "YAML"),
        (HEAD + "biuld:\n  number: 0\n", "5:1", "`biuld`|'biuld'", "did you mean `build`"),
        (HEAD + "about:\n  licence: MIT\n", "6:3", "'licence'", "did you mean `license`"),
        (HEAD + "build:\n  number: ten\n", "6:3", "build.number", ""),
        (HEAD + "build:\n  noarch: generics\n", "6:3", "'generics'", ""),
        (HEAD + 'requirements:\n  run:\n    - "foo >=>1"\n', "7:12", ">=>1", "requirement"),
        (HEAD.replace('"1"', "${{ nope }}"), "4:12", "undefined", "context"),
        (HEAD.replace('"1"', "${{ nope + }}"), "4:12", "syntax error", "${{"),
        (HEAD + "\tx: 1\n", "5:", "tabs", "spaces"),
        (HEAD + "  name: b\n", "5:3", "Duplicate", "keep one"),
        (HEAD.replace("name: a", "name: A B"), "3:3", "'A B'", "lower case"),
        ("schema_version: 1\n", "1:1", "'package'", "package:"),
        (HEAD.replace('"1"', '"1-2"'), "", "`1-2`", ""),
    ],
)
def test_a_mistake_has_a_place_and_a_way_out(shop: Workshop, text: str, place: str, words: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        shop.backend.render(shop.recipe("a", text), Subdir.LINUX_64)
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"recipes/a/recipe.yaml:{place}")
    assert any(word in problem.message for word in words.split("|"))
    assert hint in problem.hint
    assert problem.hint


def test_a_mistake_in_a_variants_file_is_told_there(shop: Workshop) -> None:
    recipe = shop.recipe("a", HEAD)
    (shop.root / "recipes/variants.yaml").write_text("ok: [1]\nbad: [1\n")
    with pytest.raises(RecipeError) as caught:
        shop.backend.render(recipe, Subdir.LINUX_64)
    assert str(caught.value).startswith("recipes/variants.yaml:3:")


@pytest.mark.parametrize("body", [b"\xff\xfe", None])
def test_a_recipe_that_cannot_be_read_is_a_recipe_error(shop: Workshop, body: bytes | None) -> None:
    recipe = shop.recipe("a", HEAD)
    (shop.root / recipe.file).unlink()
    if body:
        (shop.root / recipe.file).write_bytes(body)
    with pytest.raises(RecipeError, match=r"recipes/a/recipe\.yaml"):
        shop.backend.render(recipe, Subdir.LINUX_64)


def test_rendering_is_the_same_for_the_same_recipe(shop: Workshop) -> None:
    recipe = shop.write(Spec(name="words", run=["b", "a >=1,<2"]))
    assert shop.backend.render(recipe, Subdir.LINUX_64) == shop.backend.render(recipe, Subdir.LINUX_64)
    (output,) = shop.backend.render(recipe, Subdir.OSX_ARM64)
    assert output.run == ("b", "a >=1,<2")
    assert output.subdir == Subdir.NOARCH
