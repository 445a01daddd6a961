"""JSON that says one thing only: no name twice, no NaN, no depth that breaks a parser."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from ci_tools.errors import TrustError


def parse_strict(body: bytes, what: str) -> Any:  # noqa: ANN401 (JSON is anything)
    """The value of `body`. TrustError where two readers could see two things in it; `what` names it in the message."""
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refused)
    except (ValueError, RecursionError) as exc:  # a UnicodeDecodeError is a ValueError
        raise TrustError(
            f"{what} is not a valid JSON document: {exc}",
            hint="it was cut off, altered or never one; fetch it again from the channel itself",
        ) from exc


def parse_object(body: bytes, what: str) -> dict[str, Any]:
    """The same, where only an object will do."""
    value = parse_strict(body, what)
    if not isinstance(value, dict):
        raise TrustError(f"{what} is not a JSON object", hint="fetch it again from the channel itself")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"`{twice}` is there twice")
    return members


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
