"""Values to JSON and back: what travels between the jobs. Equal values give equal bytes."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

Value = TypeVar("Value")

# Raised by whoever changes the shape of a value so that an older reader would misread it; the others are at 1.
VERSIONS: dict[str, int] = {"BuildPlan": 2}  # 2: not all that is built is to be published
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def write(value: object) -> bytes:
    """`value`, a dataclass of core, as JSON: keys sorted, two spaces, a final newline, `format` at the top level.

    Text that is not Unicode (half a surrogate pair, from a file name or a log) is written as `?`.
    """
    fields = _adapter(type(value)).dump_python((value,), mode="json")[0]  # type: ignore[arg-type] # mypy takes object.__hash__ for a conflict
    body = json.dumps(
        fields | {"format": _format(type(value))}, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    return body.encode("utf-8", "replace") + b"\n"


def read(type_: type[Value], body: bytes, where: str) -> Value:
    """The value of `type_` that `body` holds. UsageError lists every mistake with file `where` and the path in it."""
    fields = _fields(type_, body, where)
    try:
        (value,) = _adapter(type_).validate_json(to_json([fields]))  # type: ignore[arg-type] # the same
    except ValidationError as exc:
        raise UsageError(*(_problem(error, where) for error in _told_apart(exc.errors(include_url=False)))) from exc
    return value  # type: ignore[no-any-return]


@cache
def _adapter(type_: type) -> TypeAdapter[Any]:
    # A dataclass takes no configuration from outside, but inherits that of what it stands in: hence the tuple.
    return TypeAdapter(tuple[type_], config=STRICT)  # type: ignore[valid-type]


def _format(type_: type) -> str:
    """`build-plan/1` for BuildPlan."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type_.__name__).lower()
    return f"{name}/{VERSIONS.get(type_.__name__, 1)}"


def _fields(type_: type, body: bytes, where: str) -> dict[str, Any]:
    """What `body` holds beside its `format`, which must be the present one of `type_`."""
    try:
        fields = from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        raise UsageError(
            Problem(message=f"not JSON: {exc}", hint="it was cut short or is another file", path=where)
        ) from exc
    found = fields.pop("format", None) if isinstance(fields, dict) else None
    wanted = _format(type_)
    if found != wanted:
        is_what = f"its format is `{found}`" if found else "it says no format"
        hint = f"this version of channel reads `{wanted}`: make the document again with it"
        raise UsageError(Problem(message=f"not a document of the wanted kind: {is_what}", hint=hint, path=where))
    return fields  # type: ignore[no-any-return]


def _told_apart(errors: Iterable[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without those of the alternatives (Built, Failed, …) that the value's own `status` rules out."""
    known = list(errors)
    ruled_out = {e["loc"][:-1] for e in known if e["type"] == "literal_error"}
    possible = {
        e["loc"][: len(out)] for e in known for out in ruled_out if e["loc"][: len(out) - 1] == out[:-1]
    } - ruled_out
    settled = {branch[:-1] for branch in possible}

    def says_something(error: ErrorDetails) -> bool:
        out = next((out for out in ruled_out if error["loc"][: len(out)] == out), None)
        return out is None or (out[:-1] not in settled and error["type"] == "literal_error")

    return [e for e in known if says_something(e)]


def _problem(error: ErrorDetails, where: str) -> Problem:
    if error["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        hint = "it is of another version of channel: make the document again"
        return Problem(message=f"`{_path(error)}` is not known here", hint=hint, path=where)
    said = error["msg"].removeprefix("Value error, ")
    text = said[:1].lower() + said[1:]
    return Problem(message=f"`{_path(error)}`: {text}", hint="make the document again", path=where)


def _path(error: ErrorDetails) -> str:
    """`jobs[0].outputs[2].filename`; the outermost element is the tuple of `_adapter`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"][1:]).lstrip(".")
