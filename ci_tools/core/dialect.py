"""Which language a recipe.yaml is written in: told from what it says, never guessed."""

from __future__ import annotations

import re

from ci_tools.core.recipe import Dialect

ENOUGH = 1 << 20  # characters that are looked at
# CEP 13 and 14. `if:` counts only with its `then:`; `tests:` and `recipe:` only at the top.
V1 = (
    re.compile(r"^(?:schema_version|tests|recipe)[ \t]*:", re.MULTILINE),
    re.compile(r"^[ \t]*(?:-[ \t]+)?if[ \t]*:[^\n]*\n(?:[ \t]*\n)*[ \t]*then[ \t]*:", re.MULTILINE),
    re.compile(r"\$\{\{"),
    re.compile(r"^[ \t]+(?:homepage|run_constraints|dynamic_linking)[ \t]*:", re.MULTILINE),
)
# boa: the two languages share the name of the file, and boa builds the other one without a word.
BOA = (
    re.compile(r"^(?:steps|test)[ \t]*:", re.MULTILINE),
    re.compile(r"^[ \t]*(?:-[ \t]+)?sel\([^\n]*\)[ \t]*:", re.MULTILINE),
    re.compile(r"^[ \t]+(?:home|run_constrained|git_url)[ \t]*:", re.MULTILINE),
)
BOA_TEXT = re.compile(r"(?<!\$)\{\{")  # beside the marks of V1 it is text of a script: shells, awk and LaTeX have it


def dialect_of(name: str, text: str) -> Dialect | str:
    """The dialect of the recipe file `name` that says `text`, or a sentence that says why it cannot be told."""
    if name == Dialect.V0.filename:
        return Dialect.V0
    said = "\n".join(line for line in text[:ENOUGH].split("\n") if not line.lstrip().startswith("#"))
    v1 = next((found for mark in V1 if (found := mark.search(said))), None)
    boa = next((found for mark in BOA if (found := mark.search(said))), None)
    if v1 and boa:
        return f"`{_shown(v1)}` is of the V1 dialect and `{_shown(boa)}` of boa's"
    if v1:
        return Dialect.V1
    if boa or BOA_TEXT.search(said):
        return Dialect.BOA
    return "it may be of the V1 dialect or of boa's: nothing in it says which"


def _shown(found: re.Match[str]) -> str:
    return " ".join(found[0].split())
