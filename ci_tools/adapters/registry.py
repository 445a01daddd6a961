"""The registry of grants as a YAML file that people edit: changed by lines, the rest stays as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ci_tools.adapters.yaml_lists import YamlList, is_empty, read_text, replace_text
from ci_tools.core.registry import HEADER, Entry, Field, Reading, entry_lines, leaks, read_entries
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from ci_tools.core.access import Grant

GRANTS = "grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFile:
    """`path` on this machine; `shown` is what people call it, relative to the repository."""

    path: Path
    shown: str

    @property
    def _list(self) -> YamlList:
        return YamlList(key=GRANTS, shown=self.shown)

    def grants(self) -> tuple[Grant, ...]:
        return _checked(self._text(), self.shown)

    def add(self, grant: Grant) -> None:
        before = self.grants()
        for key in ("id", "name"):
            if any(getattr(grant, key) == getattr(other, key) for other in before):
                raise UsageError(
                    f"`{self.shown}` already has a grant with the {key} `{getattr(grant, key)}`",
                    hint="choose another name, or revoke the old one first: channel access revoke NAME",
                )
        text = self._list.with_entry(self._text() or HEADER, lambda indent: entry_lines(grant, indent))
        self._replace(text, (*before, grant))

    def remove(self, grant_id: str) -> None:
        before = self.grants()
        after = tuple(grant for grant in before if grant.id != grant_id)
        if after != before:
            self._replace(self._list.without_entry(self._text(), "id", grant_id), after)

    def _text(self) -> str:
        return read_text(self.path, self.shown)

    def _replace(self, text: str, expected: tuple[Grant, ...]) -> None:
        if not _means(text, expected):  # an edit by lines must not change what it did not mean to
            raise UsageError(f"`{self.shown}` is laid out in a way that cannot be edited", hint="edit it by hand")
        replace_text(self.path, text)


def _checked(text: str, shown: str) -> tuple[Grant, ...]:
    found = leaks(text, shown)
    if found:
        raise UsageError(*found)
    reading = _read(text, shown)
    if reading.problems:
        raise UsageError(*reading.problems)
    return reading.grants


def _means(text: str, grants: tuple[Grant, ...]) -> bool:
    try:
        return _checked(text, "") == grants
    except UsageError:
        return False


def _read(text: str, shown: str) -> Reading:
    items, problems = _items(YamlList(key=GRANTS, shown=shown).compose(text), shown)
    entries = []
    for item in items:
        if isinstance(item, yaml.MappingNode):
            entries.append(_entry(item))
        else:
            problems.append(_problem("a grant is a list of `key: value` lines", item, shown))
    reading = read_entries(entries, shown)
    return Reading(grants=reading.grants, problems=(*problems, *reading.problems))


def _items(root: yaml.Node | None, shown: str) -> tuple[list[yaml.Node], list[Problem]]:
    if root is None:
        return [], []
    if not isinstance(root, yaml.MappingNode):
        return [], [_problem("the registry is one list below `grants:`", root, shown)]
    problems = [
        _problem("the registry has one key, `grants`", key, shown) for key, _ in root.value if key.value != "grants"
    ]
    lists = [value for key, value in root.value if key.value == "grants"]
    if len(lists) > 1:
        problems.append(_problem("`grants` is here twice", lists[1], shown))
    if not lists or is_empty(lists[0]):
        return [], problems
    if not isinstance(lists[0], yaml.SequenceNode):
        return [], [*problems, _problem("`grants` is a list", lists[0], shown)]
    return list(lists[0].value), problems


def _entry(item: yaml.MappingNode) -> Entry:
    return Entry(
        line=item.start_mark.line + 1,
        fields=tuple(
            Field(
                key=key.value if isinstance(key, yaml.ScalarNode) else "",
                value=_value(value),
                line=key.start_mark.line + 1,
                column=key.start_mark.column + 1,
            )
            for key, value in item.value
        ),
    )


def _value(node: yaml.Node) -> str | tuple[str, ...] | None:
    """The text as written: an id of twelve digits is no number here, a date no date yet."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return tuple(item.value for item in node.value)
    return None


def _problem(message: str, node: yaml.Node, shown: str) -> Problem:
    return Problem(
        message=message,
        hint="`channel access token` prints an entry to paste",
        path=shown,
        line=node.start_mark.line + 1,
        column=node.start_mark.column + 1,
    )
