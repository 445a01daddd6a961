"""The input hash changes exactly when something changes that a package is made from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies_plan import output, recipe

from ci_tools.core.inputs import Inputs, gathered, input_hash, name_of, pins
from ci_tools.core.tree import Tree

keys = st.tuples(st.sampled_from(["", "source ../x", "link a"]), st.text(max_size=3))
inputs = st.builds(Inputs, files=st.dictionaries(keys, st.text(max_size=3), max_size=3))
variants = st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2).map(lambda d: tuple(d.items()))
pinned = st.lists(st.text(max_size=2), max_size=2, unique=True).map(tuple)
asked = st.tuples(inputs, variants, pinned)
RECIPE = recipe("a")
LINK, FILE = "120000:", "100644:"


@given(asked, asked)
def test_two_hashes_are_equal_only_for_equal_inputs(one: tuple, other: tuple) -> None:
    def same() -> bool:
        return one[0].files == other[0].files and all(
            sorted(a) == sorted(b) for a, b in zip(one[1:], other[1:], strict=True)
        )

    assert (input_hash(*one) == input_hash(*other)) == same()


@given(asked)
def test_a_hash_does_not_know_in_which_order_it_was_told(one: tuple) -> None:
    found, variant, pin = one
    turned = Inputs(files=dict(reversed(found.files.items())))
    assert input_hash(turned, variant[::-1], pin[::-1]) == input_hash(*one)


def test_a_hash_is_the_same_for_ever() -> None:
    found = Inputs(files={("", "recipe.yaml"): f"{FILE}{'0' * 40}"})
    wanted = "6fbb0cc00de730360626bb9ce52cdafd3cebe602af7125dd46d727818c047171"
    assert input_hash(found, [("python", "3.12")], ["lib ==1.0 h1_0"]) == wanted


def own(files: dict[str, str]) -> dict[str, str]:
    return {path: entry for path, entry in files.items() if path.startswith("recipes/a/")}


def gather(files: dict[str, str], *sources: str, links: dict[str, str] | None = None) -> Inputs:
    return gathered(RECIPE, own(files), sources, Tree(files=files, links=links or {}))


def test_a_source_inside_is_counted_once_and_one_outside_by_its_own_name() -> None:
    files = {"recipes/a/recipe.yaml": "1", "recipes/a/src/x": "2", "shared/y": "3", "shared/z/w": "4", "other": "5"}
    found = gather(files, "src", "../../shared")
    source = "source ../../shared"
    assert found.files == {("", "recipe.yaml"): "1", ("", "src/x"): "2", (source, "y"): "3", (source, "z/w"): "4"}
    assert (found.outside, found.problems) == (("shared",), ())


def test_a_moved_recipe_keeps_its_hash() -> None:
    moved = gathered(recipe("a", "x/y/a"), {"x/y/a/src/x": "2"}, ["src"], Tree(files={"x/y/a/src/x": "2"}))
    assert moved.files == gather({"recipes/a/src/x": "2"}, "src").files


def test_a_source_that_is_outside_of_the_repository_or_not_there_is_refused() -> None:
    found = gather({"recipes/a/x": "1"}, "../../../etc", "/etc", "nowhere", "x/../../../..")
    assert [p.path for p in found.problems] == ["recipes/a/recipe.yaml"] * 4
    assert sorted("leads out" in p.message for p in found.problems) == [False, True, True, True]
    assert all(p.hint for p in found.problems)


def test_what_a_link_leads_to_is_made_from_too() -> None:
    files = {"recipes/a/src": f"{LINK}1", "shared/x": "2", "shared/more": f"{LINK}3", "lib/y": "4"}
    links = {"recipes/a/src": "../../shared", "shared/more": "../lib"}
    found = gather(files, "src", links=links)
    assert set(found.outside) == {"shared", "lib"}
    assert {entry for _, entry in found.files.items()} == {f"{LINK}1", "2", f"{LINK}3", "4"}
    assert gather({**files, "lib/y": "5"}, "src", links=links).files != found.files


def test_a_link_that_leads_out_of_the_repository_is_refused() -> None:
    for target in ("/etc/passwd", "../../../x", "src"):
        found = gather({"recipes/a/src": f"{LINK}1"}, links={"recipes/a/src": target})
        assert ["symbolic link `src`" in p.message for p in found.problems] == [True]


def test_pins_are_the_requirements_on_siblings() -> None:
    lib = output("lib", RECIPE)
    tool = output("tool", RECIPE, host=("lib ==1.0 h1_0", "zlib"), run=("lib >=1.0,<2", "tool", "other ==1"))
    assert pins(tool, [lib, tool]) == ("lib ==1.0 h1_0", "lib >=1.0,<2")
    assert pins(tool, [tool]) == ()


def test_the_name_of_a_match_spec_is_found_in_all_its_forms() -> None:
    forms = ["Foo-Bar", "foo-bar 1.0 h_0", "foo-bar>=1,<2", "foo-bar=1.0", "foo-bar[version='1']", " foo-bar ~=1"]
    assert {name_of(form) for form in forms} == {"foo-bar"}
    assert name_of("conda-forge::foo-bar 1.0") == name_of("") == name_of("https://h/c::foo") == ""


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "l", "m", ""]), max_size=8).map("/".join))
def test_following_never_leaves_the_tree(path: str) -> None:
    tree = Tree(files={}, links={"l": "a/b", "a/m": "../..", "m": "l/.."})
    found = tree.follow(path)
    assert found is None or (not found.startswith("/") and ".." not in found.split("/") and found not in tree.links)
