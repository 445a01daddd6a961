"""Lines that count only where the condition behind them holds: `- make  # [unix]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.rendering.expressions import ConditionError, holds
from ci_tools.core.package import Subdir
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# conda-build: at the end of a line, with or without `#`, or anywhere in a comment that is no Markdown link.
SELECTOR = re.compile(r"(?P<kept>.+?)\s*(?P<comment>#.*)?\[(?P<condition>[^\[\]]+)\](?(comment)[^\(\)]*)$")
# What a machine is called, beside the parts of its subdir.
ARCHITECTURES = {"32": "x86", "64": "x86_64"}
OLD_PYTHONS = ("26", "27", "33", "34", "35", "36")


def namespace(machine: Subdir, variant: Mapping[str, Any]) -> dict[str, Any]:
    """What selectors can name on `machine` for one variant: systems, architectures, `py`, `np`, and variant keys.

    The environment is empty: what a recipe takes from it is not said by the repository. `py` is -1 where no variants
    file says which Python.
    """
    system, _, architecture = machine.partition("-")
    names: dict[str, Any] = {}
    for known in (subdir for subdir in Subdir if subdir is not Subdir.NOARCH):
        os, _, cpu = known.partition("-")
        names[os] = os == system
        names[ARCHITECTURES.get(cpu, cpu)] = cpu == architecture
    names |= {
        "x86": machine.endswith(("-32", "-64")), "unix": system in {"linux", "osx", "emscripten"},
        "linux32": machine == "linux-32", "linux64": machine == "linux-64", "arm": machine.startswith("linux-arm"),
        "win32": machine == "win-32", "win64": machine == "win-64", "nomkl": False, "build_platform": str(machine),
        "os": {"environ": {}, "sep": "/", "pathsep": ":"}, "environ": {},
    }  # fmt: skip
    return names | _languages(variant) | {k: _typed(v) for k, v in variant.items() if k not in names}


def _languages(variant: Mapping[str, Any]) -> dict[str, Any]:
    python = _digits(str(variant.get("python", "")))
    lua = str(variant.get("lua", ""))
    named = {f"py{old}": python == int(old) for old in OLD_PYTHONS}
    major = str(python)[:1]
    return named | {
        "py": python, "py3k": major == "3", "py2k": major == "2", "np": _digits(str(variant.get("numpy", ""))),
        "pl": variant.get("perl", ""), "lua": lua, "luajit": lua[:1] == "2",
    }  # fmt: skip


def _digits(version: str) -> int:
    """310 for `3.10.* *_cpython`; -1 for what is no such version."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return int(found[1] + found[2]) if found else -1


def _typed(value: Any) -> Any:  # noqa: ANN401 (a value of a variants file)
    """Numbers and truths as such: `cuda >= 12` is not about texts."""
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value) else value


def selected(text: str, names: Mapping[str, Any], path: str) -> str:
    """`text` with the lines emptied whose condition does not hold, and comments; the number of lines is kept.

    RecipeError for every condition in the file `path` that is none.
    """
    problems: list[Problem] = []
    lines = list(_lines(text, names, path, problems))
    if problems:
        raise RecipeError(*problems)
    return "\n".join(lines) + "\n"


def _lines(text: str, names: Mapping[str, Any], path: str, problems: list[Problem]) -> Iterator[str]:
    for at, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        found = SELECTOR.match(line) if "[" in line and "]" in line else None
        if line.lstrip().startswith("#"):
            yield ""
        elif found is None:
            yield line
        else:
            quote = line[-1] if line[-1] in "'\"" else ""  # the whole line may be quoted to please YAML
            try:
                yield (found["kept"] + quote).rstrip() if holds(found["condition"], names) else ""
            except ConditionError as exc:
                problems.append(_wrong(found, path, at, str(exc)))


def _wrong(found: re.Match[str], path: str, line: int, said: str) -> Problem:
    return Problem(
        message=f"`[{found['condition']}]` is no condition: {said}",
        hint="a selector is a Python expression like `# [linux and py >= 310]`",
        path=path,
        line=line,
        column=found.start("condition"),
    )
