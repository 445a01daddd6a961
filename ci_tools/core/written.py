"""A recipe as it is written: each value with its place, templates and selectors left as they are.

Nothing here is rendered, so it holds for every dialect, and for a recipe that does not render.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.errors import Problem

Path = tuple[str | int, ...]

# `{% set version = "1.2" %}` of V0, the value quoted or a number.
SET = re.compile(r"\{%-?\s*set\s+(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([\d.]+))\s*-?%\}")
EXPRESSION = re.compile(r"\$?\{\{\s*(\w+)\s*((?:\|\s*\w+\s*(?:\([^()]*\)\s*)?)*)\}\}")
FILTER = re.compile(r"\|\s*(\w+)\s*(?:\(([^()]*)\))?")
NUMBER_GROUP = 4  # of SET
DEEPEST = 5  # templates in templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value. `path` leaves conditions out: what is behind `if: … then:` stands where it would stand without.

    `value` is the text of a scalar without its quotes, None for a mapping or a list. [`start`, `end`) are characters of
    the file, quotes included; `line` and `column` count from 1, `key_line` is the line of the key that leads to it.
    `condition` is what must hold for it, as written; empty where it always counts.
    """

    path: Path
    value: str | None
    start: int
    end: int
    line: int
    column: int
    key_line: int = 0
    condition: str = ""

    @property
    def key(self) -> str | int:
        """The last part of its path."""
        return self.path[-1] if self.path else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The file of a recipe. `problems` say why there are no fields."""

    recipe: Recipe
    text: str
    fields: tuple[Field, ...] = ()
    problems: tuple[Problem, ...] = ()
    _at: Mapping[Path, tuple[Field, ...]] = field(init=False, repr=False, compare=False)
    _names: Mapping[str, tuple[Field, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[Path, list[Field]] = defaultdict(list)
        for each in self.fields:
            found[each.path].append(each)
        object.__setattr__(self, "_at", {path: tuple(fields) for path, fields in found.items()})
        names: dict[str, list[Field]] = defaultdict(list)
        for each in self._definitions():
            names[str(each.key)].append(each)
        object.__setattr__(self, "_names", {name: tuple(fields) for name, fields in names.items()})

    def at(self, *path: str | int) -> tuple[Field, ...]:
        """Every field at exactly this path: more than one where conditions choose."""
        return self._at.get(path, ())

    def first(self, *path: str | int) -> Field | None:
        """The first of them."""
        found = self.at(*path)
        return found[0] if found else None

    def below(self, *path: str | int) -> tuple[Field, ...]:
        """Every field whose path begins with this one, itself left out."""
        return tuple(f for f in self.fields if len(f.path) > len(path) and f.path[: len(path)] == path)

    def scalars(self, *path: str | int) -> tuple[Field, ...]:
        """The texts at this path: the one that stands there, or the items of the list that does."""
        here = self.at(*path)
        items = (f for f in self.below(*path) if len(f.path) == len(path) + 1 and isinstance(f.key, int))
        return tuple(f for f in (*here, *items) if f.value is not None)

    def packages(self) -> tuple[Path, ...]:
        """The path of each part that becomes a package: the top, or its outputs."""
        outputs = sorted({f.path[:2] for f in self.below("outputs")}, key=lambda path: int(path[1]))
        # V1: an output of the kind `staging` is none
        return tuple(path for path in outputs if not self.at(*path, "staging")) or ((),)

    def sources(self) -> tuple[Path, ...]:
        """The path of each source, wherever one may stand."""
        found: dict[Path, None] = {}
        for path in (each.path for each in self.fields):
            for depth in (at for at in (1, 2, 3) if path[at - 1 : at] == ("source",) and len(path) > at):
                if _holds_sources(path[: depth - 1]):
                    found[path[: depth + isinstance(path[depth], int)]] = None
        return tuple(found)

    def resolved(self, text: str) -> str:
        """`text` with the templates filled in whose value is written in the recipe; others stay."""
        for _ in range(DEEPEST):
            filled = EXPRESSION.sub(self._filled, text)
            if filled == text:
                break
            text = filled
        return text

    def definitions(self, name: str) -> tuple[Field, ...]:
        """Where templates get the value of `name` from, if it is written out there: `context:`, `{% set … %}`."""
        return self._names.get(name, ())

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character of the file, from 1."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def _definitions(self) -> Iterator[Field]:
        if self.recipe.dialect is Dialect.V0:
            for found in SET.finditer(self.text):
                group = found.lastindex or 0
                quote = group != NUMBER_GROUP
                line, column = self.place(found.start(group))
                yield Field(
                    path=("context", found[1]), value=found[group], start=found.start(group) - quote,
                    end=found.end(group) + quote, line=line, column=column, key_line=line,
                )  # fmt: skip
        yield from (f for f in self.below("context") if len(f.path) == len(("context", "name")) and f.value is not None)

    def _filled(self, found: re.Match[str]) -> str:
        defined = self.definitions(found[1])
        value = defined[0].value if defined else None
        for name, arguments in FILTER.findall(found[2]) if value is not None else ():
            value = _filtered(str(value), name, arguments)
            if value is None:
                break
        return found[0] if value is None else value


def _holds_sources(path: Path) -> bool:
    return not path or path == ("cache",) or (len(path) == len(("outputs", 0)) and path[0] == "outputs")


def _filtered(value: str, name: str, arguments: str) -> str | None:
    """What a filter makes of `value`; None for one that is not known here."""
    words = re.findall(r"\"([^\"]*)\"|'([^']*)'", arguments)
    match name, [one or other for one, other in words]:
        case "lower", []:
            return value.lower()
        case "upper", []:
            return value.upper()
        case "string" | "trim", []:
            return value
        case "replace", [old, new]:
            return value.replace(old, new)
    return None
