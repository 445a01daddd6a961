"""The kinds of words that channel.yaml is written in: each with its rule, its sentence and its place in the schema."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ci_tools.core.access import GATES, is_channel
from ci_tools.core.quantities import DURATION, SIZE, duration, duration_text, exact_size_text, size

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_PORT = 65535
RULE = "rule"  # the type of our own errors: `said` completes "`path` …", `hint` says what to do


def broken(said: str, hint: str = "") -> PydanticCustomError:
    """The error of a rule of ours."""
    return PydanticCustomError(RULE, "{said}", {"said": said, "hint": hint})


def _text(rule: Callable[[str], str], pattern: str = "") -> tuple[PlainValidator, WithJsonSchema]:
    """A kind of text: `rule` gives it in its normal form, or raises."""

    def checked(value: Any) -> str:  # noqa: ANN401 (whatever the file holds)
        if value is None:
            raise broken("is empty", "say something, or leave the line out")
        if not isinstance(value, str):
            is_scalar = isinstance(value, int)
            raise broken(f"is text, not {kind_of(value)}", "put it in quotes" if is_scalar else "write it on one line")
        return rule(value)

    schema = {"type": "string"} | ({"pattern": f"^(?:{pattern})$"} if pattern else {})
    return PlainValidator(checked), WithJsonSchema(schema)


def kind_of(value: object) -> str:
    """What a value of the file is called."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case int():
            return f"the number {value}"
        case str():
            return f"`{value if len(value) <= 60 else value[:57] + '…'}`"  # noqa: PLR2004 (what a line has room for)
        case list():
            return "a list"
        case _:
            return "a mapping"


def _matching(pattern: str, what: str, hint: str) -> Callable[[str], str]:
    def rule(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise broken(f"is not {what}: {kind_of(text)}", hint)
        return text

    return rule


def _channel(text: str) -> str:
    if not is_channel(text):
        if text.split("/", maxsplit=1)[0] in GATES:
            raise broken(f"may not begin with `{text[:1]}/`: the edge uses that itself", "choose another name")
        raise broken(
            f"is not a channel's name: {kind_of(text)}",
            "lower-case letters, digits, and single `.` `_` `-` between them; `/` parts segments",
        )
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text) or not (parts := _url_parts(text)):
        raise broken(f"is not a web address: {kind_of(text)}", "write https://host/path")
    if "@" in parts.netloc:
        raise broken("holds a credential", "leave out what stands before the `@`: secrets are never in this file")
    if parts.query or parts.fragment or text.endswith(("/", "?", "#")):
        raise broken("has something after the path", "end it in a path: no slash, no `?`, no `#`")
    return text


def _url_parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if known else None


def _repository_path(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\\" in text or not path.parts:
        raise broken(f"is not a path in this repository: {kind_of(text)}", "name it from the top, as in `recipes`")
    return str(path)


def _place(text: str) -> str:
    if not text.strip() or text.startswith("~"):
        raise broken(f"is not a path: {kind_of(text)}", "write a path from here, or an absolute one")
    return text


def _prefix(text: str) -> str:
    if text and any(segment in {"", ".", ".."} for segment in text.split("/")):
        raise broken(f"is not a prefix: {kind_of(text)}", "names with single slashes between them, none at the ends")
    return text


def _key_uri(text: str) -> str:
    scheme, _, place = text.partition(":")
    if scheme not in {"file", "awskms"} or not place:
        raise broken(
            f"is not where a key is: {kind_of(text)}", "write `file:PATH` or `awskms:KEY` (an alias or an ARN)"
        )
    return text


def _line(text: str) -> str:
    if not text.strip():
        raise broken("is empty", "say something, or leave the line out")
    return text


def _duration(value: Any) -> timedelta:  # noqa: ANN401 (whatever the file holds)
    hint = "write a number and a unit of s, m, h, d, w: `60m`, `90d`, `1h30m`"
    if not isinstance(value, str):
        raise broken(f"is a duration, not {kind_of(value)}", hint)
    try:
        return duration(value)
    except ValueError as exc:
        said = "is not a duration" if str(exc) == "not a duration" else f"does not hold: {exc}"
        raise broken(f"{said}: {kind_of(value)}", hint) from exc


def _size(value: Any) -> int:  # noqa: ANN401 (the same)
    hint = "write a number and a unit of B, kB, MB, GB, TB, or KiB, MiB, GiB, TiB: `5GB`"
    if not isinstance(value, str):
        raise broken(f"is a size, not {kind_of(value)}", hint)
    try:
        return size(value)
    except ValueError as exc:
        raise broken(f"is not a size: {kind_of(value)}", hint) from exc


def _port(value: Any) -> int:  # noqa: ANN401 (the same)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LAST_PORT:
        raise broken(f"is not a port: {kind_of(value)}", f"a whole number up to {LAST_PORT}, without quotes")
    return value


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^(?=.){DURATION}$"}),
]
Size = Annotated[
    int,
    PlainValidator(_size),
    PlainSerializer(exact_size_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{SIZE}$"}),
]
ChannelName = Annotated[str, *_text(_channel)]
Url = Annotated[str, *_text(_web_address, "https?://.*[^/]")]
Endpoint = Annotated[str, *_text(_web_address, "https?://.*[^/]")]
RepositoryPath = Annotated[str, *_text(_repository_path)]
Place = Annotated[str, *_text(_place)]
Prefix = Annotated[str, *_text(_prefix)]
KeyUri = Annotated[str, *_text(_key_uri, "(?:file|awskms):.+")]
Line = Annotated[str, *_text(_line)]
Bucket = Annotated[
    str,
    *_text(_matching(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name", "3 to 63 of a-z, 0-9, `.` and `-`")),
    Field(description="the bucket's name"),
]
Region = Annotated[
    str, *_text(_matching(r"[a-z0-9-]+", "a region", "as in `eu-west-1`")), Field(description="the bucket's region")
]
GitHubRepository = Annotated[
    str, *_text(_matching(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", "a repository of GitHub", "as in `acme/recipes`"))
]
Host = Annotated[str, *_text(_matching(r"[A-Za-z0-9.:-]+", "an address", "as in `127.0.0.1`"))]
Port = Annotated[
    int,
    PlainValidator(_port),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LAST_PORT}),
    Field(description="the port; 0 takes a free one"),
]
Distribution = Annotated[
    str,
    *_text(_matching(r"E[A-Z0-9]{6,}", "a distribution's id", "as in `E1ABC2DEF3GHIJ`")),
    Field(description="the id of the CloudFront distribution"),
]
KeyValueStore = Annotated[
    str,
    *_text(
        _matching(
            r"arn:aws[a-z-]*:cloudfront::[0-9]{12}:key-value-store/[A-Za-z0-9-]+",
            "the ARN of a key-value store",
            "the stack's output `Tokens`, as in `arn:aws:cloudfront::123456789012:key-value-store/…`",
        )
    ),
    Field(description="the ARN of the key-value store with the grants"),
]
