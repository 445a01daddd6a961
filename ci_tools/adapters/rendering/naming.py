"""The file name that a recipe promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.package import Dist, Filename
from ci_tools.errors import PackageError, Problem, RecipeError

if TYPE_CHECKING:
    from ci_tools.core.recipe import Recipe


def filename(recipe: Recipe, name: str, version: str, build: str) -> Filename:
    """The file that is made; RecipeError where no package can be called so (CEP 26)."""
    try:
        return Filename(dist=Dist(name=name, version=version, build=build))
    except PackageError as exc:
        raise RecipeError(*(Problem(message=p.message, hint=p.hint, path=recipe.file) for p in exc.problems)) from exc
