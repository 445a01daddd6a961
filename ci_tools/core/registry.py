"""The registry of grants, `.github/access.yaml`, entry by entry: read strictly, written as one would by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_tools.core.access import HASH, ID, Grant, GrantKind, is_channel
from ci_tools.core.consumers import parse_consumer
from ci_tools.core.tokens import LOOKS_LIKE_A_TOKEN
from ci_tools.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KEYS = ("id", "name", "owner", "channels", "expires", "hash", "kind", "consumers")
OPTIONAL = frozenset({"kind", "consumers"})
HEADER = """\
# Who may read which channels until when. `channel access token` makes an entry on the machine of whoever will hold
# the token; only the hash of its secret belongs here. A date alone means its first moment, in UTC.
grants:
"""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._@/+-]*(?: [A-Za-z0-9._@/+-]+)*")
WORDS = frozenset({"y", "yes", "n", "no", "true", "false", "on", "off", "null"})  # YAML 1.1 takes these for values
SECRET = re.compile(r"[0-9A-Fa-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One `key: value` of an entry as written; `value` is text, a list of texts, or None for anything else."""

    key: str
    value: str | tuple[str, ...] | None
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item below `grants:`; duplicate keys are still there."""

    fields: tuple[Field, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a registry says, and everything that is wrong with it."""

    grants: tuple[Grant, ...]
    problems: tuple[Problem, ...]


class _Wrong(Exception):  # noqa: N818 (it never leaves this module)
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def read_entries(entries: Sequence[Entry], path: str) -> Reading:
    """The grants of `entries`; `path` is what problems call the file. Values are only echoed where no secret can be."""
    problems: list[Problem] = []
    grants: list[tuple[Entry, Grant]] = []
    for entry in entries:
        wrong = list(_problems_of_entry(entry, path))
        problems += wrong
        if not wrong:
            grants.append((entry, _grant({f.key: f for f in entry.fields})))
    problems += _duplicates(grants, path)
    return Reading(grants=tuple(grant for _, grant in grants), problems=tuple(problems))


def leaks(text: str, path: str) -> tuple[Problem, ...]:
    """Every token in the text of a registry, comments included."""
    return tuple(
        _leak(path, number, found.start() + 1, found[1].lower())
        for number, line in enumerate(text.splitlines(), 1)
        for found in LOOKS_LIKE_A_TOKEN.finditer(line)
    )


def entry_lines(grant: Grant, indent: int = 2) -> tuple[str, ...]:
    """The lines that add `grant` below `grants:`, without line ends."""
    values = {
        "id": f'"{grant.id}"',  # twelve digits alone would be a number to other readers
        "name": _scalar(grant.name),
        "owner": _scalar(grant.owner),
        "channels": f"[{', '.join(_scalar(channel) for channel in grant.channels)}]",
        "expires": f"{grant.expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "hash": f'"{grant.hash}"',
        "kind": grant.kind.value,
    }
    if grant.consumers:
        values["consumers"] = f"[{', '.join(json.dumps(consumer) for consumer in grant.consumers)}]"
    dashes = [" " * indent + "- ", *[" " * (indent + 2)] * (len(values) - 1)]
    return tuple(f"{dash}{key}: {value}" for dash, (key, value) in zip(dashes, values.items(), strict=True))


def _scalar(text: str) -> str:
    plain = PLAIN.fullmatch(text) and text.lower() not in WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _leak(path: str, line: int, column: int, grant_id: str = "") -> Problem:
    command = f": channel access revoke {grant_id} --now" if grant_id else ""
    return Problem(
        message="this is the token itself, and everybody who reads the file has it",
        hint=f"revoke it now{command}; then make a new one and put only its hash here",
        path=path,
        line=line,
        column=column,
    )


def _problems_of_entry(entry: Entry, path: str) -> Iterator[Problem]:
    count = Counter(field.key for field in entry.fields)
    missing = [key for key in KEYS if key not in count and key not in OPTIONAL]
    if missing:
        yield Problem(message=f"this grant has no {' and no '.join(missing)}", path=path, line=entry.line)
    for field in entry.fields:
        if field.key not in KEYS:
            near = get_close_matches(field.key, KEYS, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"a grant has {', '.join(KEYS)}"
            yield Problem(
                message="this key is not one of a grant", hint=hint, path=path, line=field.line, column=field.column
            )
        elif count[field.key] > 1:
            yield Problem(message=f"`{field.key}` is here twice", path=path, line=field.line, column=field.column)
        elif field.key == "hash" and isinstance(field.value, str) and SECRET.fullmatch(field.value):
            yield _leak(path, field.line, field.column)
        else:
            yield from _problems_of_field(field, path)


def _problems_of_field(field: Field, path: str) -> Iterator[Problem]:
    try:
        _value(field)
    except _Wrong as wrong:
        yield Problem(message=wrong.message, hint=wrong.hint, path=path, line=field.line, column=field.column)


def _grant(entry: Mapping[str, Field]) -> Grant:
    known = {f.name for f in fields(Grant)}
    return Grant(**{key: _value(field) for key, field in entry.items() if key in known})  # type: ignore[arg-type]


def _value(field: Field) -> str | tuple[str, ...] | datetime | GrantKind:
    if field.key == "channels":
        return _channels(field.value)
    if field.key == "consumers":
        return _consumers(field.value)
    if not isinstance(field.value, str):
        raise _Wrong(f"`{field.key}` is one value")
    if field.key == "expires":
        return _moment(field.value)
    if field.key == "kind":
        return _kind(field.value)
    return _text(field.key, field.value)


def _text(key: str, value: str) -> str:
    shapes = {"id": (ID, "12 digits of 0-9a-f"), "hash": (HASH, "64 digits of 0-9a-f, the SHA-256 of the secret")}
    if key in shapes and not shapes[key][0].fullmatch(value):
        raise _Wrong(f"`{key}` is not {shapes[key][1]}", "channel access token prints a whole entry")
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise _Wrong(f"`{key}` is empty, or has characters that cannot be seen")
    return value


def _kind(value: str) -> GrantKind:
    try:
        return GrantKind(value)
    except ValueError:
        raise _Wrong(f"`kind` is {' or '.join(GrantKind)}") from None


def _channels(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if not isinstance(value, tuple) or not value:
        raise _Wrong("`channels` is a list of channel names", "for example: channels: [main]")
    for channel in value:
        if not is_channel(channel):
            raise _Wrong(
                f"`{channel}` is not the name of a channel",
                "lower case, digits, `.`, `_`, `-`; segments parted by `/`, the first neither `t` nor `b`",
            )
    if len(set(value)) < len(value):
        raise _Wrong("a channel is named twice")
    return value


def _consumers(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    hint = 'for example: consumers: [acme/robots, "acme/web:CONDA_TOKEN", "vault:nightly"]'
    if not isinstance(value, tuple) or not all(parse_consumer(text) for text in value):
        raise _Wrong("`consumers` is a list of OWNER/NAME, OWNER/NAME:SECRET or vault:NAME", hint)
    if len(set(value)) < len(value):
        raise _Wrong("a consumer is named twice")
    return value


def _moment(value: str) -> datetime:
    hint = "for example 2030-01-31, or 2030-01-31T12:00:00Z"
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _Wrong("`expires` is not a date", hint) from None
    if moment.tzinfo is None and ":" in value:
        raise _Wrong("`expires` has no time zone", hint)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise _Wrong("`expires` is not a date", hint) from None


def _duplicates(grants: Sequence[tuple[Entry, Grant]], path: str) -> Iterator[Problem]:
    for key in ("id", "name", "hash"):
        first: dict[str, int] = {}
        for entry, grant in grants:
            value = getattr(grant, key)
            if value in first:
                message = f"this grant has the {key} of the one in line {first[value]}"
                yield Problem(message=message, hint="every grant has its own", path=path, line=entry.line)
            first.setdefault(value, entry.line)
