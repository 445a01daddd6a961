"""What rattler-build says of a V1 recipe, as a problem with a place: its texts name one only now and then."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import yaml

from ci_tools.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

# CEP 14: the keys that people write by hand and mistype.
KEYS = (
    "about", "build", "context", "extra", "outputs", "package", "recipe", "requirements", "schema_version",
    "source", "tests",
    "description", "documentation", "homepage", "license", "license_file", "repository", "summary",
    "host", "ignore_run_exports", "run", "run_constraints", "run_exports",
    "dynamic_linking", "noarch", "number", "python", "script", "skip", "string", "variant",
)  # fmt: skip
HINTS = (
    ("undefined value", "define it under `context:` or in a variants.yaml"),
    ("Duplicate key", "keep one of the two"),
    ("YAML", "mend the YAML; indentation is made of spaces, and `: `, `{` and `#` in text want quotes"),
    ("Jinja", "an expression is written `${{ ... }}`"),
    ("package name", "write the name with lower case letters, digits, `-`, `_` and `.`"),
    ("version spec", 'a requirement is written like `"name >=1.2,<2"`'),
    ("missing required field", "a recipe has `package:` with `name:` and `version:`, or `recipe:` and `outputs:`"),
)
MARKS = (
    re.compile(r"\bline: (?P<line>\d+), column: (?P<column>\d+)"),
    re.compile(r"\band (?P<line>\d+):(?P<column>\d+)"),  # the second of two keys
    re.compile(r"\b(?P<line>\d+):(?P<column>\d+)\b"),
)
# What the text wraps around its message, in the order in which it is taken off.
WRAPPED = re.compile(r'(?:message|reason): "(?P<message>(?:[^"\\]|\\.)*)"')
PREFIXES = (
    "Render error: ", "parse error: ", "Jinja template error: ", "Failed to parse YAML: ", "Failed to parse ",
    "Template rendering failed: ", "invalid value for 'recipe': ",
)  # fmt: skip
PLACES = re.compile(r"\s*\(in (?:<string>|template):\d+\)|\s*\(template: .*\)$|^\d+:\d+: ")
UNKNOWN = re.compile(r"unknown (?:top-level )?field '([\w.-]+)'")
VALUE = re.compile(r"invalid value for '([\w.-]+)'")
SAID = re.compile(r"'([^']+)'|: (\S+)$")  # what the text repeats of the recipe


def problem(said: str, *, path: str, text: str) -> Problem:
    """The problem that `said` tells of the recipe `path`, which holds `text`."""
    message = unwrapped(said)
    line, column = _mark(said) or _found(message, text)
    return Problem(message=_short(message), hint=_hint(said), path=path, line=line, column=column, detail=said)


def variants_problem(said: str, *, root: Path, file: Path) -> Problem:
    """The same for the variants file `file` below `root`."""
    line, column = _mark(unwrapped(said)) or (0, 0)
    return Problem(
        message=_short(unwrapped(said)),
        hint="a variants file maps each key to a list of values",
        path=file.relative_to(root).as_posix(),
        line=line,
        column=column,
        detail=said,
    )


def unwrapped(said: str) -> str:
    """The sentence inside a debug text."""
    found = WRAPPED.search(said)
    message = found["message"].replace('\\"', '"') if found else said
    for prefix in PREFIXES:
        message = message.removeprefix(prefix)
    return message


def _short(message: str) -> str:
    first, _, _ = PLACES.sub("", PLACES.sub("", message)).partition("\n")
    return first.rstrip(".,: ").removesuffix(", because")


def _mark(said: str) -> tuple[int, int] | None:
    for pattern in MARKS:
        if found := pattern.search(said):
            return int(found["line"]), int(found["column"])
    return None


def _found(message: str, text: str) -> tuple[int, int]:
    """Where the key or the value that the message names stands; the first line where it names none."""
    if "variable block" in message or "expression" in message:
        return _broken_template(text)
    for pattern in (UNKNOWN, VALUE):
        if (named := pattern.search(message)) and (place := _key(text, named[1].split("."))):
            return place
    if "missing required" in message:
        return 1, 1
    parts = [part for found in SAID.findall(message) for part in found if part in text and part]
    return _position(text, text.index(parts[-1])) if parts else (1, 1)


def _key(text: str, path: list[str]) -> tuple[int, int] | None:
    """Line and column of the deepest mapping entry of `path`, or else of the only key that is called so."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    return _walk(node, path) or _anywhere(text, path[-1])


def _walk(node: yaml.Node | None, path: list[str]) -> tuple[int, int] | None:
    place = None
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return place
        entry = next(((k, v) for k, v in node.value if k.value == part), None)
        if entry is None:
            return place
        key, node = entry
        place = (key.start_mark.line + 1, key.start_mark.column + 1)
    return place


def _anywhere(text: str, key: str) -> tuple[int, int] | None:
    found = list(re.finditer(rf"^[ -]*(?P<key>{re.escape(key)}):", text, re.MULTILINE))
    return _position(text, found[0].start("key")) if len(found) == 1 else None


def _broken_template(text: str) -> tuple[int, int]:
    """The first `${{` without its end on the same line, else the first at all."""
    opened = list(re.finditer(r"\$\{\{(?P<inside>[^\n]*)", text))
    broken = [o for o in opened if re.search(r"^[^}]*$|[-+*/|~,(]\s*\}\}|^\s*\}\}", o["inside"])]
    first = next(iter(broken or opened), None)
    return _position(text, first.start()) if first else (1, 1)


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _hint(said: str) -> str:
    if unknown := UNKNOWN.search(said):
        if unknown[1] == "cache":
            return "rattler-build has staging outputs instead: `- staging: {name: …}`, and `inherit: …` in the others"
        near = difflib.get_close_matches(unknown[1], KEYS, n=1)
        return f"did you mean `{near[0]}`?" if near else "CEP 14 lists the keys"
    return next((hint for sign, hint in HINTS if sign in said), "correct the recipe; recipes/README.md shows one")
