"""Recipes as text, and what lint says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.recipes.reading import read_recipe
from ci_tools.core.lint.rule import Beside, Subject, Surroundings
from ci_tools.core.lint.verdict import Verdict, verdict
from ci_tools.core.recipe import Dialect, Output, Recipe

if TYPE_CHECKING:
    from ci_tools.core.written import Written


def recipe(name: str = "thing", dialect: Dialect = Dialect.V1) -> Recipe:
    directory = f"recipes/{name}"
    return Recipe(name=name, directory=directory, file=f"{directory}/{dialect.filename}", dialect=dialect)


def written(text: str, dialect: Dialect = Dialect.V1) -> Written:
    return read_recipe(recipe(dialect=dialect), text.encode())


def judged(
    text: str,
    dialect: Dialect = Dialect.V1,
    *,
    outputs: tuple[Output, ...] = (),
    beside: tuple[Beside, ...] = (),
    around: Surroundings | None = None,
) -> Verdict:
    subject = Subject(
        written=written(text, dialect), outputs=outputs, beside=beside, surroundings=around or Surroundings()
    )
    return verdict(subject)


def rules(found: Verdict) -> set[str]:
    return {finding.rule for finding in found.findings}
