"""The registry of grants as a YAML file that people edit: changed by lines, the rest stays as it was written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ci_tools.core.registry import HEADER, Entry, Field, Reading, entry_lines, leaks, read_entries
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from ci_tools.core.access import Grant

INDENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFile:
    """`path` on this machine; `shown` is what people call it, relative to the repository."""

    path: Path
    shown: str

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
        self._replace(_with(self._text() or HEADER, grant, self.shown), (*before, grant))

    def remove(self, grant_id: str) -> None:
        before = self.grants()
        after = tuple(grant for grant in before if grant.id != grant_id)
        if after != before:
            self._replace(_without(self._text(), grant_id, self.shown), after)

    def _text(self) -> str:
        try:
            with self.path.open(encoding="utf-8", newline="") as file:  # line ends stay as they are
                return file.read()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as exc:
            raise UsageError(f"`{self.shown}` cannot be read", detail=str(exc)) from exc

    def _replace(self, text: str, expected: tuple[Grant, ...]) -> None:
        if not _means(text, expected):  # an edit by lines must not change what it did not mean to
            raise UsageError(f"`{self.shown}` is laid out in a way that cannot be edited", hint="edit it by hand")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        mode = self.path.stat().st_mode & 0o777 if self.path.exists() else 0o644
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, mode)  # noqa: PTH101 (mkstemp gives a name)
        os.replace(name, self.path)  # noqa: PTH105 (as above)


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
    items, problems = _items(_compose(text, shown), shown)
    entries = []
    for item in items:
        if isinstance(item, yaml.MappingNode):
            entries.append(_entry(item))
        else:
            problems.append(_problem("a grant is a list of `key: value` lines", item, shown))
    reading = read_entries(entries, shown)
    return Reading(grants=reading.grants, problems=(*problems, *reading.problems))


def _compose(text: str, shown: str) -> yaml.Node | None:
    """The document as nodes with their places: nothing is constructed, so no tag means anything."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = Problem(message="this is not YAML", path=shown, line=line, column=column, detail=exc.problem or "")
        raise UsageError(problem) from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise UsageError(Problem(message="this is not YAML", path=shown, detail=type(exc).__name__)) from exc


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
    if not lists or _is_empty(lists[0]):
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


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _grants_node(text: str, shown: str) -> yaml.Node | None:
    root = _compose(text, shown)
    return next((value for key, value in root.value if key.value == "grants"), None) if root else None


def _with(text: str, grant: Grant, shown: str) -> str:
    """`text` with one more entry, behind the last one and in line with it."""
    end = "\r\n" if "\r\n" in text else "\n"
    node = _grants_node(text, shown)
    lines = text.splitlines()
    if node is None:
        return end.join([*lines, "grants:", *entry_lines(grant, INDENT), ""])
    place = _last_line(node)
    if _is_empty(node) or not node.value:  # `grants: []`, `grants: ~`
        lines[place] = (lines[place][: node.start_mark.column] + lines[place][node.end_mark.column :]).rstrip()
    elif isinstance(node, yaml.SequenceNode) and node.flow_style:
        raise UsageError(Problem(message="`grants` is written in one line", hint="write it as a list", path=shown))
    indent = node.start_mark.column if isinstance(node, yaml.SequenceNode) and node.value else INDENT
    return end.join([*lines[: place + 1], *entry_lines(grant, indent), *lines[place + 1 :], ""])


def _without(text: str, grant_id: str, shown: str) -> str:
    """`text` without the lines of one entry, from its dash to its last value."""
    node = _grants_node(text, shown)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise UsageError(Problem(message="`grants` is written in one line", hint="write it as a list", path=shown))
    lines = text.splitlines(keepends=True)
    for item in node.value:
        if any(key.value == "id" and value.value == grant_id for key, value in item.value):
            first = item.start_mark.line
            while not lines[first].lstrip().startswith("-"):  # the dash may stand alone, above
                first -= 1
            del lines[first : _last_line(item) + 1]
    return "".join(lines)


def _last_line(node: yaml.Node) -> int:
    """The line on which the text of `node` ends; the end of a block as YAML has it is past the comments behind it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)
