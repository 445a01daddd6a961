"""conda_build_config.yaml, and how several variants files come together (conda-build's rules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.rendering import yaml_text
from ci_tools.adapters.rendering.selectors import namespace, selected
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from ci_tools.core.package import Subdir

# Keys that say something about other keys instead of having values to build for.
ABOUT_KEYS = frozenset(
    {"zip_keys", "extend_keys", "pin_run_as_build", "ignore_version", "ignore_build_only_deps", "replacements"}
)


MOST_ROWS = 1000  # variants of one recipe on one machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Key -> values as text; `zips` are groups of keys whose values go together; `lists` what is about other keys."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zips: tuple[tuple[str, ...], ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def build_config(text: str, machine: Subdir, path: str) -> Table:
    """What the file says on `machine`. RecipeError where it is no such file."""
    said = yaml_text.plain(selected(text, namespace(machine, {}), path), path)
    if said is None or said == "":
        return Table()
    if not isinstance(said, dict):
        hint = "a variants file maps each key to a list of values"
        raise RecipeError(Problem(message="the file is no mapping", hint=hint, path=path))
    values = {key: _texts(value) for key, value in said.items() if key not in ABOUT_KEYS and _texts(value)}
    lists = {key: _texts(value) for key, value in said.items() if key in ABOUT_KEYS - {"zip_keys", "pin_run_as_build"}}
    return Table(values=values, zips=_groups(said.get("zip_keys")), lists=lists)


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 (a value of YAML)
    """A list of texts; a single one is a list of one, and what is neither has none."""
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    return (value,) if isinstance(value, str) else ()


def _groups(said: Any) -> tuple[tuple[str, ...], ...]:  # noqa: ANN401 (the same)
    """zip_keys: a list of groups, or one group as it is."""
    found = said if isinstance(said, list) else []
    groups = [found] if found and isinstance(found[0], str) else found
    return tuple(tuple(map(str, group)) for group in groups if isinstance(group, list) and group)


def together(tables: Sequence[tuple[str, Table]]) -> Table:
    """Several files (path, table) as one, the later over the earlier. RecipeError where a zip group cannot be.

    A later file that says only one key of a group chooses among the rows of the group.
    """
    groups = tuple(dict.fromkeys(group for _, table in tables for group in table.zips))
    values: dict[str, tuple[str, ...]] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for path, table in tables:
        for key, found in table.lists.items():
            lists[key] = tuple(dict.fromkeys((*lists.get(key, ()), *found)))
        for key, chosen in table.values.items():
            group = next((g for g in groups if key in g), ())
            partial = [k for k in group if k not in table.values]
            if partial and key in values and len(values[key]) != len(chosen):
                _choose(values, group, key, chosen, path)
            else:
                values[key] = chosen
    _require_even(values, groups, tables[-1][0] if tables else "")
    return Table(values=values, zips=groups, lists=lists)


def _choose(
    values: dict[str, tuple[str, ...]], group: Sequence[str], key: str, chosen: Sequence[str], path: str
) -> None:
    rows = [at for at, value in enumerate(values[key]) if value in chosen]
    if len(rows) < len(chosen):
        message = f"`{key}` goes together with {', '.join(f'`{k}`' for k in group if k != key)}"
        hint = "say values for all of them, or choose among those of the file above"
        raise RecipeError(Problem(message=message, hint=hint, path=path))
    for each in group:
        if each in values and len(values[each]) > max(rows):
            values[each] = tuple(values[each][at] for at in rows)


def _require_even(values: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]], path: str) -> None:
    for group in groups:
        lengths = {key: len(values[key]) for key in group if key in values}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"`{key}` {count}" for key, count in lengths.items())
            hint = "keys of one group of `zip_keys` have as many values each"
            raise RecipeError(Problem(message=f"a zip group is uneven: {told}", hint=hint, path=path))


def rows(table: Table, keys: frozenset[str]) -> list[dict[str, str]]:
    """One mapping of every key for each combination of the values of `keys`; other keys have their first value.

    A key of a zip group brings the others of its group along.
    """
    groups = [tuple(k for k in group if k in table.values) for group in table.zips]
    groups = [group for group in groups if group]
    grouped = {key for group in groups for key in group}
    groups += [(key,) for key in table.values if key not in grouped]
    found: list[dict[str, str]] = [{}]
    for group in groups:
        count = len(table.values[group[0]]) if keys & set(group) else 1
        found = [row | {key: table.values[key][at] for key in group} for row in found for at in range(count)]
        if len(found) > MOST_ROWS:
            hint = "say fewer values, or let keys go together with `zip_keys`"
            raise RecipeError(Problem(message=f"there are more than {MOST_ROWS} variants", hint=hint))
    return found
