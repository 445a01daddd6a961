"""What a package says of itself: info/index.json and run_exports.json, read strictly (CEP 34)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Never

from ci_tools.core.package import Dist, PackageRecord, RunExports, Subdir
from ci_tools.core.version import VersionOrder
from ci_tools.errors import PackageError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

INDEX = "info/index.json"
RUN_EXPORTS = "info/run_exports.json"
LATEST = 253_402_300_799_999  # the last millisecond of the year 9999
MOST_BUILDS = 1 << 53
V3_SPEC = re.compile(r"\[[^\]]*\b(?:when|extras|flags)\s*=")  # CEP 43 to 45
V3_FIELDS = ("extra_depends", "flags")


def read_json(content: bytes, what: str) -> dict[str, Any]:
    """The JSON object in `content`; PackageError for anything else, a key that comes twice, NaN, or bad Unicode."""
    try:
        value = json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise PackageError(f"{what} is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise PackageError(f"{what} is not a JSON object")
    return value


def read_record(content: bytes, *, size: int, md5: str, sha256: str) -> PackageRecord:
    """The record that index.json and the package's bytes give; PackageError names everything that is wrong."""
    index = read_json(content, INDEX)
    problems = tuple(_problems(index))
    if problems:
        raise PackageError(
            *(Problem(message=f"{INDEX}: {text}", hint="CEP 34 says what it holds") for text in problems)
        )
    optional = {name: index.get(name) for name in (*TEXTS, "timestamp")}
    return PackageRecord(
        name=index["name"],
        version=index["version"],
        build=index["build"],
        build_number=index["build_number"],
        subdir=Subdir(index["subdir"]),
        size=size,
        md5=md5,
        sha256=sha256,
        depends=tuple(index.get("depends", ())),
        constrains=tuple(index.get("constrains", ())),
        noarch=_noarch(index),
        track_features=_track_features(index),
        purls=None if index.get("purls") is None else tuple(index["purls"]),
        **optional,
    )


def read_run_exports(content: bytes) -> RunExports:
    """What the package exports to those that build against it; a bare list means `weak` (CEP 34)."""
    what = RUN_EXPORTS
    bare = content.lstrip()[:1] == b"["
    told = read_json(b'{"weak":%b}' % content if bare else content, what)
    kinds = {kind: told[kind] for kind in RunExports.__slots__ if kind in told}
    for kind, specs in kinds.items():
        if not _is_texts(specs):
            raise PackageError(f"{what}: `{kind}` is not a list of strings")
    return RunExports(**{kind: tuple(specs) for kind, specs in kinds.items()})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n]))
        raise ValueError(f"the key `{twice}` comes twice")
    return value


def _no_number(constant: str) -> Never:
    raise ValueError(f"{constant} is no number")


def _problems(index: Mapping[str, Any]) -> Iterator[str]:
    for name, (check, wanted) in FIELDS.items():
        if name in REQUIRED and name not in index:
            yield f"`{name}` is missing"
        elif name in index and not check(index[name]):
            yield f"`{name}` is not {wanted}"
    yield from _identity_problems(index)
    yield from _v3_problems(index)


def _identity_problems(index: Mapping[str, Any]) -> Iterator[str]:
    parts = {part: index.get(part) for part in ("name", "version", "build")}
    if all(isinstance(part, str) for part in parts.values()):
        try:
            VersionOrder.parse(Dist(**parts).version)  # type: ignore[arg-type]  # they are texts, as was just seen
        except PackageError as exc:
            yield str(exc)
    if _noarch(index) and index.get("subdir") != Subdir.NOARCH:
        yield f"`noarch` is set, but the subdir is {index.get('subdir')}"


def _v3_problems(index: Mapping[str, Any]) -> Iterator[str]:
    specs = index.get("depends")
    conditional = isinstance(specs, list) and any(isinstance(s, str) and V3_SPEC.search(s) for s in specs)
    if conditional or any(index.get(name) for name in V3_FIELDS):
        yield "conditional dependencies, extras and flags need repodata v3, which this channel does not write"


def _noarch(index: Mapping[str, Any]) -> str | None:
    value = index.get("noarch")
    return "generic" if value is True else value or None  # `true` is how generic was once spelled


def _track_features(index: Mapping[str, Any]) -> str | None:
    value = index.get("track_features")
    if isinstance(value, list):
        return " ".join(value) or None
    return value.replace(",", " ") if isinstance(value, str) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_null(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_noarch(value: object) -> bool:
    return value is None or isinstance(value, bool) or value in ("", "generic", "python")


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


TEXTS = ("arch", "platform", "license", "license_family", "features", "python_site_packages_path")
REQUIRED = ("name", "version", "build", "build_number", "subdir")
FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("name", "version", "build"), (_is_text, "text")),
    **dict.fromkeys(TEXTS, (_is_text_or_null, "text")),
    **dict.fromkeys(("depends", "constrains"), (_is_texts, "a list of strings")),
    "purls": (lambda value: value is None or _is_texts(value), "a list of strings"),
    "track_features": (lambda value: _is_text_or_null(value) or _is_texts(value), "text"),
    "noarch": (_is_noarch, "generic or python"),
    "build_number": (lambda value: _is_whole(value, MOST_BUILDS), "a whole number"),
    "timestamp": (lambda value: value is None or _is_whole(value, LATEST), "a time in milliseconds since 1970"),
    "subdir": (lambda value: value in tuple(Subdir), "a subdir of conda (CEP 26)"),
}
