"""What passes between us and the processes that render, and what is kept: one line of JSON each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from ci_tools.core.assignments import Assignment
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Rendering
from ci_tools.core.variants import VariantTable
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Hashable

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one process is to render, below the absolute folder `root`."""

    root: str
    assignments: tuple[Assignment, ...]


@cache
def _adapter(type_: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", type_))


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesRequest:
    """The values that the files at `paths` below the absolute folder `root` say, for each machine."""

    root: str
    paths: tuple[str, ...]
    machines: tuple[Subdir, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables, or what is wrong with the files."""

    tables: tuple[VariantTable, ...] = ()
    problems: tuple[Problem, ...] = ()


Message = Request | TablesRequest | Tables | Rendering


def written(value: Message) -> bytes:
    """The message as one line, without its end."""
    return _adapter(cast("Hashable", type(value))).dump_json(value)


def read(type_: type[Value], line: bytes) -> Value | None:
    """The message in a line; None where it is none: cut short, or of another version."""
    try:
        found: Value = _adapter(cast("Hashable", type_)).validate_json(line)
    except ValidationError:
        return None
    return found
