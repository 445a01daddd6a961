"""YAML text to plain values with the place of each, and nothing of YAML that surprises.

Only `null`, `true`, `false` and decimal whole numbers are more than text: `on`, `1.10`, `12:30` and dates stay what was
typed (YAML 1.1 makes them a boolean, a float, a number of seconds and a date).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from ci_tools.config.words import kind_of
from ci_tools.core.safe_text import SECRETS
from ci_tools.errors import Problem, UsageError

Path = tuple[str | int, ...]
Mark = tuple[int, int]  # line and column, from 1
DEEPEST = 12
TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "null", "bool", "int"))
LARGEST = 256 * 1024  # bytes; a hundred times a long channel.yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """`value` is a dict, list or scalar; `keys` and `values` say where a path's key and value are written."""

    value: Any
    keys: Mapping[Path, Mark]
    values: Mapping[Path, Mark]
    problems: tuple[Problem, ...]

    def mark(self, path: Path, *, of_key: bool = False) -> Mark:
        """Where `path`, or the nearest thing around it, is written."""
        here = (self.keys if of_key else self.values).get(path) or self.values.get(path)
        return here or (self.mark(path[:-1], of_key=True) if path else (1, 1))


class _Loader(yaml.SafeLoader):
    """Scalars are text but for the few forms below; the depth is bounded; there are no aliases."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (a table of PyYAML's, filled below)
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 (PyYAML's own)
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # its stubs leave it out
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias (`*name`) is not used here", problem_mark=mark)
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="this is nested too deeply", problem_mark=mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z"), list("-0123456789"))


def read_tree(body: bytes, where: str) -> Tree:
    """What `body`, the bytes of file `where`, says. UsageError where it is no YAML, or where it holds a secret."""
    text = _decoded(body, where)
    if secrets := tuple(_secrets(text, where)):
        raise UsageError(*secrets)
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as exc:
        raise UsageError(_syntax_problem(exc, where)) from exc
    except (yaml.YAMLError, ValueError, OverflowError) as exc:
        raise UsageError(_character_problem(exc, text, where)) from exc
    if node is None:
        raise UsageError(Problem(message="the file says nothing", hint="write at least `channel: NAME`", path=where))
    growing = _Growing(where=where)
    value = growing.taken(node, ())
    return Tree(value=value, keys=growing.keys, values=growing.values, problems=tuple(growing.problems))


@dataclass(slots=True, kw_only=True)
class _Growing:
    """A tree while it is made."""

    where: str
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def taken(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 (whatever the file holds)
        """The value of `node`, its place noted."""
        self.values[path] = _mark(node)
        if node.tag not in TAGS:
            self.blame(node, f"a tag (`{node.tag}`) is not used here", "leave it out")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.taken(item, (*path, number)) for number, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        """The mapping that `node` is; what is said twice is said to be, and taken as said first."""
        taken: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else key_node.value
            if not isinstance(key, str):
                self.blame(key_node, f"a key is text, not {kind_of(key)}", "put it in quotes")
            elif key in taken:
                line, _ = self.keys[*path, key]
                self.blame(key_node, f"`{dotted((*path, key))}` is said twice", f"it is in line {line} already")
            else:
                self.keys[*path, key] = _mark(key_node)
                taken[key] = self.taken(value_node, (*path, key))
        return taken

    def scalar(self, node: yaml.Node) -> str | int | bool | None:
        """Text, or the few things that are more."""
        match node.tag.rpartition(":")[2], node.value:
            case "null", _:
                return None
            case "bool", said:
                return str(said).lower() == "true"
            case "int", said if re.fullmatch(r"-?[0-9]{1,18}", said):
                return int(said)
            case _, said:
                if not all(c.isprintable() for c in said):
                    self.blame(node, "this text has a line break or a control character in it", "write it on one line")
                    return ""
                return str(said)

    def blame(self, node: yaml.Node, message: str, hint: str) -> None:
        """Note a problem at `node`."""
        line, column = _mark(node)
        self.problems.append(Problem(message=message, hint=hint, path=self.where, line=line, column=column))


def _decoded(body: bytes, where: str) -> str:
    if len(body) > LARGEST:
        raise UsageError(
            Problem(message=f"the file has {len(body)} bytes", hint="it is one screen as a rule", path=where)
        )
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = body.count(b"\n", 0, exc.start) + 1
        raise UsageError(
            Problem(message="the text is not UTF-8", hint="save it as such", path=where, line=line)
        ) from exc


def _secrets(text: str, where: str) -> Iterator[Problem]:
    """A problem for everything that looks like a secret, comments included; what it is is not shown."""
    for kind, pattern in SECRETS.items():
        for match in pattern.finditer(text):
            line, column = _position(text, match.start())
            yield Problem(
                message=f"this looks like {kind}",
                hint="take it out, and replace it if it was ever committed: this file holds references, never secrets",
                path=where,
                line=line,
                column=column,
            )


def _syntax_problem(error: yaml.MarkedYAMLError, where: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.context, error.problem) if part)
    hint = "look at the indentation, at `:` and at quotes there and in the line above"
    if error.context is None and error.problem and error.problem.startswith(("an alias", "this is")):
        hint = "write it out"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(message=said or "not YAML", hint=hint, path=where, line=line, column=column)


def _character_problem(error: Exception, text: str, where: str) -> Problem:
    if not isinstance(error, yaml.reader.ReaderError):  # chr() complained, and PyYAML passed that on
        hint = "look for `\\U` or `\\u` in double quotes"
        return Problem(message="there is an escape that stands for no character", hint=hint, path=where)
    line, column = _position(text, error.position)
    hint = "take it out: an editor may not show it"
    return Problem(message="there is a control character", hint=hint, path=where, line=line, column=column)


def _position(text: str, index: int) -> Mark:
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _mark(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def dotted(path: Path) -> str:
    """`store.bucket`, `subdirs[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
