"""What the recipes of a repository get wrong about each other and about their names."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.recipe import Output, Recipe

Makers = tuple["Recipe", ...]

PACKAGE = re.compile(r"^package\s*:", re.MULTILINE)
SEVERAL = re.compile(r"^(?:outputs|steps)\s*:", re.MULTILINE)
NAME = re.compile(r"\bname\s*:")
FEEDSTOCK = "-feedstock"
TELLING = 3  # letters; fewer are in many names


def clashes(outputs: Iterable[Output]) -> Mapping[Makers, Problem]:
    """The recipes that make packages of one name, with a problem that names them all.

    A folder that is called like the package may hold recipes of several of its versions, as
    long as no two make the same file.
    """
    named: dict[str, dict[Recipe, set[str]]] = defaultdict(lambda: defaultdict(set))
    for output in outputs:
        named[output.filename.dist.name][output.recipe].add(f"{output.subdir}/{output.filename}")
    found: dict[Makers, Problem] = {}
    for name, makers in sorted(named.items()):
        recipes = tuple(sorted(makers))
        together = under_one_umbrella(name, [recipe.directory for recipe in recipes]) and not _same_files(makers)
        if len(recipes) > 1 and not together:
            found.setdefault(recipes, _problem(name, recipes))
    return found


def under_one_umbrella(name: str, directories: Iterable[str]) -> bool:
    """Whether they all lie in one folder that is called `name`, or are it."""
    shared = set.intersection(*({place, *place.parents} for place in map(PurePosixPath, directories)))
    return any(folder.name == name for folder in shared)


def _same_files(makers: Mapping[Recipe, set[str]]) -> bool:
    files = [file for made in makers.values() for file in made]
    return len(files) != len(set(files))


def _problem(name: str, recipes: Makers) -> Problem:
    files = " and ".join(recipe.file for recipe in recipes)
    hint = f"rename the output in one of them, or put recipes of several versions into one folder `{name}`"
    return Problem(
        message=f"the package `{name}` is made by more than one recipe: {files}", hint=hint, path=recipes[0].file
    )


def suspects(outputs: Iterable[Output], below: str) -> Mapping[Recipe, str]:
    """The recipes that make one package, called otherwise than every folder that they lie in, with its name."""
    names: dict[Recipe, set[str]] = defaultdict(set)
    for output in outputs:
        names[output.recipe].add(output.filename.dist.name)
    single = {recipe: min(names[recipe]) for recipe in sorted(names) if len(names[recipe]) == 1}
    return {recipe: name for recipe, name in single.items() if not _called_so(recipe.directory, name, below)}


def _called_so(directory: str, name: str, below: str) -> bool:
    """Whether a folder is called like the package, or nearly so.

    As in `NAME`, `NAME/1.2`, `NAME-feedstock/recipe`, `My_Name`, `python-NAME`, `NAME2`: one name has the other in it.
    """
    package = _plain(name)
    own = directory.removeprefix(f"{PurePosixPath(below).as_posix()}/").split("/")
    folders = {_plain(folder).removesuffix(FEEDSTOCK) for folder in own}
    return package in folders or any(
        min(len(folder), len(package)) >= TELLING and (folder in package or package in folder) for folder in folders
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.lower())


def misnamed(recipe: Recipe, name: str, text: str) -> Problem | None:
    """A problem where the recipe `text` is one of a single output; one with `outputs:` may be called as it likes."""
    if not PACKAGE.search(text) or SEVERAL.search(text):
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
