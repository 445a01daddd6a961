"""How the recipe is written: whether it can be read at all, and read in one way only."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from ci_tools.core.edits import quoting
from ci_tools.core.lint.rule import Level, Rule, Spot, Subject
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = re.compile(r"[0-9]{1,15}\.[0-9]{1,15}|[0-9]{1,9}e[0-9]{1,2}", re.IGNORECASE)

# What a condition says beside texts and attributes of names.
NAME = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*")
TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
MACHINES = frozenset(part for subdir in Subdir for part in subdir.split("-"))
# A name like one of these and none of them is a slip; any other may be a key of a variants file.
SELECTORS = MACHINES | {
    "unix", "x86", "x86_64", "arm", "linux32", "linux64", "win32", "win64", "build_platform", "target_platform",
    "host_platform", "environ", "os", "python", "py", "py2k", "py3k", "numpy", "np", "perl", "pl", "lua", "luajit",
    "nomkl", "match",
}  # fmt: skip
ALIKE = 0.8  # of difflib: `linxu` and `linux`, not `cuda` and `clang`


def _readable(subject: Subject) -> Iterator[Spot]:
    own = subject.written.recipe.file
    for problem in subject.problems or subject.written.problems:
        path = "" if problem.path in {own, subject.written.recipe.directory} else problem.path
        yield Spot(
            message=problem.message, hint=problem.hint, path=path, line=problem.line or 1, column=problem.column
        )  # fmt: skip


def _version(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for field in written.fields:
        raw = written.text[field.start : field.end]
        if field.key == "version" and NUMBER.fullmatch(raw) and str(float(raw)) != raw:
            message = f"the version {raw} is a number, and {float(raw):.15g} to most readers of YAML"
            yield Spot.at(field, message, "put it in quotes", (quoting(written, field),))


def _selectors(subject: Subject) -> Iterator[Spot]:
    seen: set[tuple[int, str]] = set()
    for field in subject.written.fields:
        condition = str(field.value or "") if "skip" in field.path[-2:] else field.condition
        for name in dict.fromkeys(NAME.findall(TEXT.sub("", condition))):
            meant = () if name in SELECTORS else difflib.get_close_matches(name, SELECTORS, n=1, cutoff=ALIKE)
            if meant and (field.line, name) not in seen:
                seen.add((field.line, name))
                yield Spot.at(
                    field,
                    f"`{name}` is no name of a system: where it is unknown, it never holds",
                    f"did you mean `{meant[0]}`?",
                )


def _boa(subject: Subject) -> Iterator[Spot]:
    if subject.written.recipe.dialect is Dialect.BOA:
        hint = "write it anew in the V1 dialect: recipes/README.md shows how one looks"
        yield Spot(message="it is written in boa's dialect, which nobody maintains", hint=hint)


RULES = (
    Rule(
        id="unreadable",
        level=Level.ERROR,
        title="the recipe cannot be read, rendered or planned",
        why="Nothing can be said of what it makes, so nothing of it is built.",
        how="The message names the place. The other rules look at its text as far as it goes.",
        check=_readable,
        of_text=True,
    ),
    Rule(
        id="number-version",
        level=Level.NOTICE,
        title="a version without quotes is a number to YAML",
        why="1.10 is 1.1 to most tools that read the file: bots, scanners, your own scripts.",
        how='Put it in quotes: `version: "1.10"`.',
        check=_version,
        fixes=True,
    ),
    Rule(
        id="unknown-selector",
        level=Level.WARNING,
        title="a condition names a system that there is not",
        why="A name that nothing defines is false, in silence: the line behind it counts nowhere.",
        how="Mend the name. A key of a variants file that is called like a system wants another name.",
        check=_selectors,
    ),
    Rule(
        id="boa-dialect",
        level=Level.NOTICE,
        title="the recipe is written in boa's dialect",
        why="boa is archived; the V1 dialect is its successor, and what the embedded back end builds.",
        how="Write it anew in the V1 dialect; recipes/README.md shows how one looks.",
        check=_boa,
    ),
)
