"""Recipes as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.core.recipe import Recipe
    from ci_tools.core.written import Written


def read_recipe(recipe: Recipe, body: bytes) -> Written:
    """A recipe's file as fields with their places, or what is wrong with it."""
    from ci_tools.adapters.recipes.reading import read_recipe as read

    return read(recipe, body)


def has_program(program: str) -> bool:
    """Whether this machine has a program."""
    from ci_tools.adapters import machine

    return machine.has(program)
