"""Which values a boa recipe is built for, and what boa calls the builds."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rattler import Version, VersionSpec

from ci_tools.adapters.rendering.boa_text import COMPILER, PIN
from ci_tools.adapters.rendering.build_config import Table, rows
from ci_tools.adapters.rendering.templates import native_compiler
from ci_tools.adapters.rendering.v0_build_string import HASHED
from ci_tools.adapters.rendering.v0_parts import listed
from ci_tools.core.pins import pinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.adapters.rendering.boa_parts import Step
    from ci_tools.core.package import Subdir

PINNED = re.compile(rf"(?P<name>\S+) {PIN}\[(?P<max_pin>[x.]*|None),(?P<exact>True|False)\]")
# As conda-build has them, which boa is made of; its Python is whichever it runs in, ours is this one.
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "python": ("3.12",), "numpy": ("1.26",), "perl": ("5.26.2",), "lua": ("5",), "r_base": ("3.5",),
}  # fmt: skip
# What a build string says in words: prefix, package, and how many parts of its version.
LANGUAGES = (("py", "python", 2), ("pl", "perl", 2), ("lua", "lua", 2), ("r", "r", 2), ("r", "r-base", 2))


def with_defaults(table: Table, machine: Subdir) -> Table:
    """The table with what boa takes for granted."""
    return replace(table, values={**DEFAULTS, **table.values, "target_platform": (str(machine),)})


def rows_for(step: Step, table: Table) -> list[dict[str, str]]:
    """The used values of each build of `step`: those of its build and host requirements, and of its conditions."""
    used = {"target_platform"}
    values = dict(table.values)
    for spec in (*step.specs("build"), *step.specs("host")):
        name, _, rest = spec.partition(" ")
        key = name.replace("-", "_")
        if name == COMPILER:
            used |= {f"{rest.strip()}_compiler", f"{rest.strip()}_compiler_version"}
        elif key in values and PIN not in rest:
            used.add(key)
            values[key] = tuple(value for value in values[key] if _admits(rest, value)) or values[key]
    used |= {name for condition in listed(step.build.get("skip")) for name in _names(condition)}
    used &= values.keys()
    narrowed = any(values[key] != table.values[key] for key in used)
    chosen = table if not narrowed else replace(table, values=values, zips=_even(table.zips, values))
    found = [{key: row[key] for key in used} for row in rows(chosen, frozenset(used))]
    return list({tuple(sorted(row.items())): row for row in found}.values())


def _even(zips: tuple[tuple[str, ...], ...], values: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The groups that still have as many values each."""
    return tuple(group for group in zips if len({len(values[key]) for key in group if key in values}) <= 1)


def _admits(rest: str, value: str) -> bool:
    """Whether a requirement's version part admits a value of the variants."""
    spec, version = rest.split(), value.split()
    if not spec or not version:
        return True
    try:
        return VersionSpec(spec[0]).matches(Version(version[0].rstrip(".*")))
    except (TypeError, ValueError, RuntimeError):
        return True


def _names(condition: object) -> set[str]:
    try:
        return {node.id for node in ast.walk(ast.parse(str(condition))) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return set()


def resolved(spec: str, row: Mapping[str, str], known: Mapping[str, tuple[str, str]]) -> str:
    """The requirement as boa writes it in the end: compilers, pins on siblings, and values of the variants."""
    name, _, rest = spec.partition(" ")
    if name == COMPILER:
        return _compiler(rest.strip(), row)
    if found := PINNED.match(spec):
        return _pinned(found, known)
    value = row.get(name.replace("-", "_"))
    return f"{name} {value}" if value else spec


def _compiler(language: str, row: Mapping[str, str]) -> str:
    platform = row.get("target_platform", "")
    compiler = row.get(f"{language}_compiler") or native_compiler(language, platform)
    version = row.get(f"{language}_compiler_version")
    return f"{compiler}_{platform}" + (f" {version}*" if version else "")


def _pinned(found: re.Match[str], known: Mapping[str, tuple[str, str]]) -> str:
    name = found["name"]
    if name not in known:
        return name
    version, build = known[name]
    if found["exact"] == "True":
        return f"{name} =={version} {build}"
    return pinned(name, version, "x.x.x.x.x.x", "" if found["max_pin"] == "None" else found["max_pin"])


def build_string(step: Step, row: Mapping[str, str]) -> str:
    """What boa names the build of `step` for one row of used values; all of them are hashed, unlike conda-build's."""
    if said := str(step.build.get("string") or ""):
        return said
    digest = hashlib.sha1(json.dumps(dict(row), sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    features = "".join(f"{feature}_" for feature in listed(step.build.get("features")))
    words = _words(step, row)
    start = f"{words}h{digest[:HASHED]}_{features}" if words else f"{features}h{digest[:HASHED]}_"
    return f"{start}{step.number}"


def _words(step: Step, row: Mapping[str, str]) -> str:
    there = {spec.split()[0] for spec in step.specs("host")}
    running = {spec.split()[0] for spec in step.specs("run")} & there
    found = []
    for prefix, package, places in LANGUAGES:
        if package in running:
            version = row.get(package.replace("-", "_"), "")
            found.append(prefix if step.noarch == package else prefix + "".join(version.split(".")[:places]))
    return "".join(dict.fromkeys(found))
