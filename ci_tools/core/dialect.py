"""Which language a recipe.yaml is written in: told from what it says, never guessed."""

from __future__ import annotations

import re

from ci_tools.core.recipe import Dialect

# CEP 13 and 14. `if:` counts only with its `then:`; `tests:` and `recipe:` only at the top.
V1_KEYS = re.compile(r"^(?:schema_version|tests|recipe)\s*:", re.MULTILINE)
V1_SELECTOR = re.compile(r"^\s*(?:-\s+)?if\s*:[^\n]*\n(?:\s*(?:#[^\n]*)?\n)*\s*then\s*:", re.MULTILINE)
V1_TEXT = re.compile(r"\$\{\{")

# boa: the two languages share the name of the file, and boa builds the other one without a word.
BOA_KEYS = re.compile(r"^(?:steps|test)\s*:|^\s*(?:-\s+)?sel\(.*\)\s*:", re.MULTILINE)
BOA_TEXT = re.compile(r"(?<!\$)\{\{")

FILES = {"recipe.yaml": (Dialect.V1, Dialect.BOA), "meta.yaml": (Dialect.V0,)}


def dialect_of(name: str, text: str) -> Dialect | str:
    """The dialect of the recipe file `name` that says `text`, or a sentence that says why it cannot be told."""
    if name == "meta.yaml":
        return Dialect.V0
    said = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    v1 = V1_KEYS.search(said) or V1_SELECTOR.search(said) or V1_TEXT.search(said)
    boa = BOA_KEYS.search(said)
    if v1 and boa:
        return f"`{_shown(v1)}` is of the V1 dialect and `{_shown(boa)}` of boa's"
    if v1:  # a bare `{{` beside it is text of a script: shells, awk and LaTeX have it too
        return Dialect.V1
    if boa or BOA_TEXT.search(said):
        return Dialect.BOA
    return "it may be of the V1 dialect or of boa's: nothing in it says which"


def _shown(found: re.Match[str]) -> str:
    return " ".join(found[0].split())
