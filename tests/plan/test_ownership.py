"""A recipe is the nearest folder upwards that holds one; no changed path is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies_plan import recipe

from ci_tools.core.changes import Change, ChangeKind
from ci_tools.core.ownership import owned, recipes_in, touched
from ci_tools.core.recipe import Dialect

paths = st.lists(st.sampled_from(["a", "b", "recipe.yaml", "src"]), min_size=1, max_size=5).map("/".join)


def changed(*many: str) -> tuple[Change, ...]:
    return tuple(Change(path=path, kind=ChangeKind.MODIFIED) for path in many)


def directories(files: list[str], below: str = "recipes") -> list[str]:
    return [found.directory for found in recipes_in(files, below)[0]]


def test_recipes_lie_at_any_depth_and_only_below_their_folder() -> None:
    files = ["recipes/a/recipe.yaml", "recipes/x/y/b/recipe.yaml", "other/recipe.yaml", "recipes.old/recipe.yaml"]
    assert directories(files) == ["recipes/a", "recipes/x/y/b"]
    assert directories(files, "recipes/x/") == ["recipes/x/y/b"]
    assert len(directories(files, ".")) == 4


def test_a_dialect_that_no_back_end_builds_is_still_a_recipe() -> None:
    found, _ = recipes_in(["recipes/old/meta.yaml"], "recipes")
    assert [(r.name, r.dialect) for r in found] == [("old", Dialect.V0)]


def test_two_recipes_in_one_folder_are_refused_and_not_guessed() -> None:
    found, problems = recipes_in(["recipes/a/recipe.yaml", "recipes/a/meta.yaml"], "recipes")
    assert found == ()
    assert [(p.path, "meta.yaml and recipe.yaml" in p.message) for p in problems] == [("recipes/a", True)]


def test_a_folder_whose_name_cannot_be_told_is_refused() -> None:
    found, problems = recipes_in(["recipes/caf\udce9/recipe.yaml"], "recipes")
    assert (found, problems[0].path) == ((), r"recipes/caf\xe9")


def test_a_nested_recipe_owns_its_files_alone() -> None:
    outer, inner = recipe("a"), recipe("b", "recipes/a/b")
    files = dict.fromkeys(
        ["recipes/a/recipe.yaml", "recipes/a/b/recipe.yaml", "recipes/a/b/src/x", "recipes/a/c/y"], "1"
    )
    found = owned(files, [outer, inner])
    assert sorted(found["recipes/a"]) == ["recipes/a/c/y", "recipes/a/recipe.yaml"]
    assert sorted(found["recipes/a/b"]) == ["recipes/a/b/recipe.yaml", "recipes/a/b/src/x"]


@given(st.sets(paths))
def test_every_file_has_one_owner_at_most_the_nearest(many: set[str]) -> None:
    recipes, _ = recipes_in(many, ".")
    found = owned(dict.fromkeys(many, "1"), recipes)
    for path in many:
        above = [r.directory for r in recipes if path.startswith(f"{r.directory}/")]
        assert [d for d in found if path in found[d]] == ([max(above, key=len)] if above else [])


@given(st.sets(paths), st.sets(paths))
def test_a_changed_path_touches_a_recipe_or_is_listed(many: set[str], edited: set[str]) -> None:
    recipes, _ = recipes_in(many, ".")
    found, unowned = touched(changed(*edited), recipes, {})
    assert {path for hit in found.values() for path in hit} | set(unowned) == edited
    assert not {path for hit in found.values() for path in hit} & set(unowned)


def test_a_path_source_outside_touches_every_recipe_that_has_it() -> None:
    recipes = [recipe("a"), recipe("b"), recipe("c")]
    outside = {"recipes/a": ["shared"], "recipes/b": ["shared/one"], "recipes/c": ["shared/o"]}
    found, unowned = touched(changed("shared/one", "recipes/c/x", "README.md"), recipes, outside)
    assert found == {"recipes/a": ("shared/one",), "recipes/b": ("shared/one",), "recipes/c": ("recipes/c/x",)}
    assert unowned == ("README.md",)
