"""What passes between us and the processes that render, and what is kept: one line of JSON each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ci_tools.core.assignments import Assignment
from ci_tools.core.recipe import Rendering

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one process is to render, below the absolute folder `root`."""

    root: str
    assignments: tuple[Assignment, ...]


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:  # noqa: ANN401 (a type)
    return TypeAdapter(type_)


def request(value: Request) -> bytes:
    """The request as it is handed to a process."""
    return _adapter(Request).dump_json(value)


def requested(file: Path) -> Request:
    """The request that a file holds."""
    found: Request = _adapter(Request).validate_json(file.read_bytes())
    return found


def rendering(value: Rendering) -> bytes:
    """A rendering as one line, without its end."""
    return _adapter(Rendering).dump_json(value)


def rendered(line: bytes) -> Rendering | None:
    """The rendering in a line; None where it is none: cut short, or of another version."""
    try:
        found: Rendering = _adapter(Rendering).validate_json(line)
    except ValidationError:
        return None
    return found
