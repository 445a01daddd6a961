"""A list in a YAML file that people edit: changed by lines, so that comments and the rest stay as they were written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

INDENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlList:
    """The list below `key`, which is at the top of the file that people call `shown`."""

    key: str
    shown: str

    def compose(self, text: str) -> yaml.Node | None:
        """The document as nodes with their places: nothing is constructed, so no tag means anything."""
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            problem = Problem(
                message="this is not YAML", path=self.shown, line=line, column=column, detail=exc.problem or ""
            )
            raise UsageError(problem) from exc
        except (yaml.YAMLError, RecursionError) as exc:
            raise UsageError(Problem(message="this is not YAML", path=self.shown, detail=type(exc).__name__)) from exc

    def with_entry(self, text: str, entry: Callable[[int], Sequence[str]]) -> str:
        """`text` with one more entry, behind the last one and in line with it; `entry(indent)` gives its lines."""
        end = "\r\n" if "\r\n" in text else "\n"
        node = self._node(text)
        lines = text.splitlines()
        if node is None:
            return end.join([*lines, f"{self.key}:", *entry(INDENT), ""])
        place = _last_line(node)
        if is_empty(node) or not node.value:  # `key: []`, `key: ~`
            lines[place] = (lines[place][: node.start_mark.column] + lines[place][node.end_mark.column :]).rstrip()
        elif isinstance(node, yaml.SequenceNode) and node.flow_style:
            raise self._in_one_line()
        indent = node.start_mark.column if isinstance(node, yaml.SequenceNode) and node.value else INDENT
        return end.join([*lines[: place + 1], *entry(indent), *lines[place + 1 :], ""])

    def without_entry(self, text: str, member: str, value: str) -> str:
        """`text` without the lines of the entry that says `member: value`, from its dash to its last value."""
        node = self._node(text)
        if not isinstance(node, yaml.SequenceNode) or node.flow_style:
            raise self._in_one_line()
        lines = text.splitlines(keepends=True)
        for item in node.value:
            if any(key.value == member and found.value == value for key, found in item.value):
                first = item.start_mark.line
                while not lines[first].lstrip().startswith("-"):  # the dash may stand alone, above
                    first -= 1
                del lines[first : _last_line(item) + 1]
        return "".join(lines)

    def _node(self, text: str) -> yaml.Node | None:
        root = self.compose(text)
        return next((value for key, value in root.value if key.value == self.key), None) if root else None

    def _in_one_line(self) -> UsageError:
        what = f"`{self.key}` is written in one line"
        return UsageError(Problem(message=what, hint="write it as a list", path=self.shown))


def read_text(path: Path, shown: str) -> str:
    """The file's text with its line ends as they are; empty where there is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"`{shown}` cannot be read", detail=str(exc)) from exc


def replace_text(path: Path, text: str) -> None:
    """Write the file whole or not at all; its mode stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.chmod(name, mode)  # noqa: PTH101 (mkstemp gives a name)
    os.replace(name, path)  # noqa: PTH105 (as above)


def is_empty(node: yaml.Node) -> bool:
    """Whether the node says nothing: `key:`, `key: ~`."""
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _last_line(node: yaml.Node) -> int:
    """The line on which the text of `node` ends; the end of a block as YAML has it is past the comments behind it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)
