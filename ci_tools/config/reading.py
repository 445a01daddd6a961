"""channel.yaml to a ChannelConfig, or every mistake in it at once; and other files of the repository alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

from ci_tools.config import tree
from ci_tools.config.rules import Contradiction, contradictions
from ci_tools.config.values import ChannelConfig, ChannelFile
from ci_tools.config.words import kind_of
from ci_tools.core.safe_text import masked
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pydantic_core import ErrorDetails

File = TypeVar("File")

MAPPING = ("a mapping", "write `{key: value}`, or indented lines of `key: value`")
TYPES = {
    "bool_type": ("`true` or `false`", "write `true` or `false`, without quotes"),
    "tuple_type": ("a list", "write `[one, two]`"),
    "dataclass_type": MAPPING,
    "dict_type": MAPPING,
}
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def read_config(path: Path) -> ChannelConfig:
    """The configuration that the file at `path` holds. UsageError lists every mistake with its line."""
    try:
        body = path.read_bytes()
    except FileNotFoundError as exc:
        hint = "go to the top of the repository, or name it: channel --config FILE"
        raise UsageError(f"there is no `{path}`", hint=hint) from exc
    except OSError as exc:
        raise UsageError(f"`{path}` cannot be read: {exc.strerror}") from exc
    said = parse_config(body, str(path))
    values = {each.name: getattr(said, each.name) for each in fields(said)}
    return ChannelConfig(**values, folder=path.absolute().parent)


def parse_config(body: bytes, where: str) -> ChannelFile:
    """What the bytes of file `where` say. UsageError lists every mistake with its line."""
    return parse_file(ChannelFile, body, where, contradictions)[0]


def parse_file(
    type_: type[File], body: bytes, where: str, contradictions: Callable[[File], Iterable[Contradiction]]
) -> tuple[File, tree.Tree]:
    """The `type_` that the bytes of file `where` say, and where they say it. UsageError lists every mistake."""
    read = tree.read_tree(body, where)
    problems = list(read.problems)
    try:
        (value,) = _adapter(type_).validate_json(to_json([read.value]))  # type: ignore[arg-type] # mypy takes object.__hash__ for a conflict
    except ValidationError as exc:
        found = (_problem(type_, error, read, where) for error in exc.errors(include_url=False))
        said = {(problem.line, problem.column) for problem in problems}
        problems += [problem for problem in found if (problem.line, problem.column) not in said]
        raise UsageError(*_in_order(problems)) from exc
    for path, message, hint in contradictions(value):
        line, column = read.mark(path)
        problems.append(Problem(message=message, hint=hint, path=where, line=line, column=column))
    if problems:
        raise UsageError(*_in_order(problems))
    return value, read


@cache
def _adapter(type_: type[File]) -> TypeAdapter[tuple[File]]:
    # A dataclass takes no configuration from outside, but inherits that of what it stands in: hence the tuple.
    return TypeAdapter(tuple[type_], config=STRICT)  # type: ignore[valid-type,arg-type] # made at run time


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))


def _problem(type_: type, error: ErrorDetails, read: tree.Tree, where: str) -> Problem:
    path = _path(error, read.value)
    of_key = error["type"] == "unexpected_keyword_argument" or error["loc"][-1] == "[key]"
    said, hint = _sentence(type_, error, path, read.value)
    line, column = read.mark(path, of_key=of_key)
    message = masked(f"`{tree.dotted(path)}` {said}" if path else f"the file {said}")
    return Problem(message=message, hint=hint, path=where, line=line, column=column)


def _path(error: ErrorDetails, value: Any) -> tree.Path:  # noqa: ANN401 (whatever the file holds)
    """The path in the file: without our tuple, pydantic's mark for keys, and the kinds of unions."""
    path: list[str | int] = []
    for part in error["loc"][1:]:
        if part == "[key]" or (isinstance(value, dict) and part not in value and part == value.get("kind")):
            continue
        path.append(part)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
    return (*path, "kind") if error["type"].startswith("union_tag") else tuple(path)


def _sentence(type_: type, error: ErrorDetails, path: tree.Path, root: Any) -> tuple[str, str]:  # noqa: ANN401 (the same)
    """What is wrong there, and what to do."""
    found = kind_of(error["input"])
    match error["type"]:
        case "missing":
            said = "is missing", f"say `{path[-1]}: …`"
        case "unexpected_keyword_argument":
            said = "is not known", _nearest(str(path[-1]), _known(type_, path[:-1], root))
        case "union_tag_not_found":
            said = "is missing", f"say `kind: …`, one of {_listed(_tags(type_, path[0]))}"
        case "union_tag_invalid":
            tag = str(error["ctx"]["tag"])
            said = f"is none of the known ones: {kind_of(tag)}", _nearest(tag, _tags(type_, path[0]))
        case "enum" | "literal_error":
            said = f"is none of the known ones: {found}", _nearest(str(error["input"]), _expected(error))
        case wrong if wrong in TYPES:
            said = f"is {TYPES[wrong][0]}, not {found}", TYPES[wrong][1]
        case _:
            said = error["ctx"]["said"], error["ctx"]["hint"]
    return said


def _nearest(word: str, known: Iterable[str]) -> str:
    words = list(known)
    if near := get_close_matches(word.lower(), words, n=1, cutoff=0.6):
        return f"did you mean `{near[0]}`?"
    return f"known: {_listed(words)}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _expected(error: ErrorDetails) -> Iterator[str]:
    """The words of pydantic's `'a', 'b' or 'c'`."""
    yield from (word.strip("' ") for word in error["ctx"]["expected"].replace(" or ", ", ").split(", "))


def _tags(type_: type, section: str | int) -> list[str]:
    return [kind for kind, _ in _kinds(_field_type(type_, section))]


def _known(type_: Any, path: tree.Path, value: Any) -> list[str]:  # noqa: ANN401 (a type; a value of the file)
    """The keys that the mapping at `path` may have."""
    for part in path:
        type_, value = _field_type(type_, part), value[part]
        kind = value.get("kind") if isinstance(value, dict) else None
        type_ = dict(_kinds(type_)).get(str(kind), type_)
    return [each.name for each in fields(type_)] if is_dataclass(type_) else []


def _field_type(type_: Any, name: str | int) -> Any:  # noqa: ANN401 (types)
    if get_origin(type_) is Mapping:
        return get_args(type_)[1]
    if isinstance(name, int):  # an item of tuple[Item, ...]
        return get_args(type_)[0]
    hint = get_type_hints(type_)[name]
    return get_args(hint)[0] if type(None) in get_args(hint) else hint


def _kinds(type_: Any) -> Iterator[tuple[str, type]]:  # noqa: ANN401 (a type)
    """`kind` -> type, of a union that is told apart by it."""
    for each in get_args(type_) if get_origin(type_) is not Annotated else ():
        if is_dataclass(each) and "kind" in get_type_hints(each):
            yield get_args(get_type_hints(each)["kind"])[0], each  # type: ignore[misc] # is_dataclass() takes values too
