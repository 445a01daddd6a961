"""Templates of single values, filled in with what the recipe itself says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from ci_tools.core.written import Written

STATEMENT = re.compile(r"\{%-?\s*set\s+\w+\s*=[^%]*%\}")
LONGEST = 10_000  # characters: of an address, or of what one is made from


def filled(written: Written, text: str) -> str:
    """`text` with its templates filled in; empty where only a build can know what they come to."""
    if "{{" not in text:
        return text
    environment = _environment(written.recipe.dialect)
    try:
        if written.recipe.dialect is Dialect.V0:
            return environment.from_string("".join(STATEMENT.findall(written.text)) + text).render()[:LONGEST]
        names: dict[str, str] = {}
        for field in (f for f in written.below("context") if len(f.path) == len(("context", "name")) and f.value):
            names[str(field.key)] = environment.from_string(field.value or "").render(names)[:LONGEST]
        return environment.from_string(text).render(names)[:LONGEST]
    except (jinja2.TemplateError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError):
        return ""


def _environment(dialect: Dialect) -> ImmutableSandboxedEnvironment:
    start = "${{" if dialect is Dialect.V1 else "{{"
    found = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        variable_start_string=start,
    )
    found.filters["split"] = lambda text, separator=None: text.split(separator)
    found.filters["version_to_buildstring"] = lambda text: text.replace(".", "")
    return found
