"""What recipes get wrong about each other and about their names, and what merely looks so."""

from __future__ import annotations

import pytest
from strategies_plan import output, recipe

from ci_tools.core.mistakes import misnamed, suspects, under_one_umbrella


@pytest.mark.parametrize(
    "directory",
    ["recipes/lib-a", "recipes/deep/Lib_a", "recipes/lib-a/1.2", "recipes/lib-a-feedstock/recipe",
     "recipes/python-lib-a", "recipes/lib-a4", "recipes/lib", "recipes/lib.a"],
)  # fmt: skip
def test_a_folder_may_be_called_nearly_like_its_package(directory: str) -> None:
    assert suspects([output("lib-a", recipe("lib-a", directory))], "recipes") == {}


@pytest.mark.parametrize("directory", ["recipes/other", "recipes/b", "recipes/li/recipe"])
def test_any_other_name_is_told_with_its_line(directory: str) -> None:
    of = recipe("lib-a", directory)
    assert suspects([output("lib-a", of)], "recipes") == {of: "lib-a"}
    problem = misnamed(of, "lib-a", "# a recipe\npackage:\n  version: 1\n  name: lib-a\n")
    assert problem
    assert (problem.path, problem.line) == (of.file, 4)
    assert misnamed(of, "lib-a", "package: {name: lib-a}\noutputs:\n  - name: lib-a\n") is None


def test_an_umbrella_is_called_like_the_package() -> None:
    assert under_one_umbrella("a", ["recipes/a", "recipes/a/1.0"])
    assert under_one_umbrella("a", ["recipes/a/1.0", "recipes/a/2/0"])
    assert not under_one_umbrella("a", ["recipes/a", "recipes/b"])
    assert not under_one_umbrella("a", ["recipes/x/1.0", "recipes/x/2.0"])
