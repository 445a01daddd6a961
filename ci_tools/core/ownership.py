"""Which recipe a path belongs to: the nearest folder upwards that holds a recipe file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ci_tools.core.changes import Change

RECIPE_FILES = {"recipe.yaml": Dialect.V1, "meta.yaml": Dialect.V0}


def recipes_in(files: Iterable[str], below: str) -> tuple[tuple[Recipe, ...], tuple[Problem, ...]]:
    """The recipes in the folder `below` and deeper, by directory, and what is wrong with how they lie there."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files:
        directory, _, name = path.rpartition("/")
        if name in RECIPE_FILES and directory and _is_in(directory, below):
            found[directory].append(name)
    wrong = {directory: problem for directory, names in sorted(found.items()) if (problem := _wrong(directory, names))}
    recipes = (_recipe(directory, names[0]) for directory, names in sorted(found.items()) if directory not in wrong)
    return tuple(recipes), tuple(wrong.values())


def _is_in(directory: str, below: str) -> bool:
    folder = PurePosixPath(below).as_posix()
    return folder in {".", directory} or directory.startswith(f"{folder}/")


def _wrong(directory: str, names: list[str]) -> Problem | None:
    if len(names) > 1:
        message = f"there are two recipes here: {' and '.join(sorted(names))}"
        return Problem(message=message, hint="keep one; each folder holds one recipe", path=directory)
    if readable(directory) != directory:
        message = "the folder's name is not UTF-8"
        return Problem(message=message, hint="rename the folder like the package", path=readable(directory))
    return None


def _recipe(directory: str, file: str) -> Recipe:
    name = directory.rpartition("/")[2]
    return Recipe(name=name, directory=directory, file=f"{directory}/{file}", dialect=RECIPE_FILES[file])


def readable(path: str) -> str:
    """The path as text that can be written anywhere: bytes that are not UTF-8 are escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def owner(path: str, directories: Mapping[str, object]) -> str | None:
    """The nearest of `directories` that `path` lies in."""
    return next((folder for folder in _upwards(path) if folder in directories), None)


def owned(files: Mapping[str, str], recipes: Iterable[Recipe]) -> Mapping[str, dict[str, str]]:
    """Recipe directory -> the files it owns, those of recipes nested below it left out."""
    found: dict[str, dict[str, str]] = {recipe.directory: {} for recipe in recipes}
    for path, entry in files.items():
        if (directory := owner(path, found)) is not None:
            found[directory][path] = entry
    return found


def touched(
    changes: Iterable[Change], recipes: Iterable[Recipe], sources: Mapping[str, Iterable[str]]
) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """Recipe directory -> changed paths that it is made from, and the changed paths that no recipe is made from.

    `sources`: recipe directory -> paths outside of it that it is made from too, files or folders.
    """
    directories = {recipe.directory: recipe for recipe in recipes}
    users: dict[str, list[str]] = defaultdict(list)
    for directory, paths in sources.items():
        for path in paths:
            users[path].append(directory)
    found: dict[str, list[str]] = defaultdict(list)
    unowned: list[str] = []
    for change in changes:
        at = owner(change.path, directories)
        makers = {at} if at is not None else set()
        makers.update(user for folder in (change.path, *_upwards(change.path)) for user in users.get(folder, ()))
        for maker in makers:
            found[maker].append(change.path)
        if not makers:
            unowned.append(change.path)
    return {directory: tuple(sorted(found[directory])) for directory in sorted(found)}, tuple(sorted(unowned))


def _upwards(path: str) -> Iterator[str]:
    """The folders that hold `path`, nearest first; the last is the root, the empty path."""
    while path:
        path, _, _ = path.rpartition("/")
        yield path
