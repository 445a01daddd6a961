"""Recipes as text."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.recipe import Recipe
    from ci_tools.core.written import Written
    from ci_tools.ports.web import Web


def read_recipe(recipe: Recipe, body: bytes) -> Written:
    """A recipe's file as fields with their places, or what is wrong with it."""
    from ci_tools.adapters.recipes.reading import read_recipe as read

    return read(recipe, body)


def fill_templates(written: Written, text: str) -> str:
    """A text of a recipe with its templates filled in, as far as the recipe says what they are."""
    from ci_tools.adapters.recipes.filling import filled

    return filled(written, text)


def web(env: Mapping[str, str]) -> Web:
    """Pages over HTTP; the token of the run goes to the API of its code host alone."""
    from ci_tools.adapters.web import HttpWeb
    from ci_tools.core.secret import Secret

    api = urlsplit(env.get("GITHUB_API_URL") or "https://api.github.com").netloc
    return HttpWeb({api: Secret(env["GITHUB_TOKEN"])} if env.get("GITHUB_TOKEN") else {})


def has_program(program: str) -> bool:
    """Whether this machine has a program."""
    from ci_tools.adapters import machine

    return machine.has(program)
