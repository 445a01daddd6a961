"""What the recipes of a repository get wrong about each other and about their names."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.recipe import Output, Recipe

PACKAGE = re.compile(r"^package\s*:", re.MULTILINE)
NAME = re.compile(r"\bname\s*:")


def shared(outputs: Iterable[Output]) -> tuple[Problem, ...]:
    """A problem for each package name that more than one recipe makes; it names them all."""
    makers: dict[str, set[Recipe]] = defaultdict(set)
    for output in outputs:
        makers[output.filename.dist.name].add(output.recipe)
    return tuple(_shared(name, sorted(found)) for name, found in sorted(makers.items()) if len(found) > 1)


def _shared(name: str, recipes: list[Recipe]) -> Problem:
    files = " and ".join(recipe.file for recipe in recipes)
    hint = "rename the output in one of them, or remove it"
    return Problem(
        message=f"the package `{name}` is made by more than one recipe: {files}", hint=hint, path=recipes[0].file
    )


def suspects(outputs: Iterable[Output]) -> Mapping[Recipe, str]:
    """The recipes that make one package, called otherwise than their folder, with its name."""
    names: dict[Recipe, set[str]] = defaultdict(set)
    for output in outputs:
        names[output.recipe].add(output.filename.dist.name)
    single = {recipe: min(names[recipe]) for recipe in sorted(names) if len(names[recipe]) == 1}
    return {recipe: name for recipe, name in single.items() if name != recipe.name}


def misnamed(recipe: Recipe, name: str, text: str) -> Problem | None:
    """A problem where the recipe `text` is one of a single output; one with `outputs:` may be called as it likes."""
    if not PACKAGE.search(text):
        return None
    return Problem(
        message=f"the folder `{recipe.name}` holds the recipe of `{name}`",
        hint=f"call the folder `{name}`, or the package `{recipe.name}`",
        path=recipe.file,
        line=_line_of_name(text.splitlines()),
    )


def _line_of_name(lines: list[str]) -> int:
    """Where `name:` stands below `package:`, counted from 1; the line of `package:` where it is not found."""
    start = next(at for at, line in enumerate(lines) if PACKAGE.match(line))
    for at, line in enumerate(lines[start:], start):
        if at > start and line[:1] not in {"", " ", "\t", "#"}:
            break
        if NAME.search(line.partition("#")[0]):
            return at + 1
    return start + 1
