"""What places say of versions, read into candidates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

from ci_tools.core.bump.origins import Kind, Origin, Pattern
from ci_tools.errors import RemoteError

# A tag without a pattern of its own: what is before and behind the version is taken from nobody knows where.
TAG = r"(?:[A-Za-z][A-Za-z0-9]*[-_])*[vV]?\.?([0-9][0-9A-Za-z._]*)"
PEELED = "^{}"  # git: the commit that an annotated tag stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A version that is announced, as it is spelled there. `commit` is what its tag stands for.

    `digests`: file name -> SHA-256, where it is announced as well.
    """

    version: str
    tag: str = ""
    commit: str = ""
    is_prerelease: bool = False
    digests: Mapping[str, str] = field(default_factory=dict)


def candidates(origin: Origin, body: bytes) -> tuple[Candidate, ...]:
    """Every version that the place announces; RemoteError where it answers something else than it should."""
    try:
        match origin.kind:
            case Kind.PYPI:
                return tuple(_of_index(json.loads(body)))
            case Kind.RELEASES:
                return tuple(_of_releases(json.loads(body), origin.tag))
            case Kind.TAGS:
                return tuple(_of_tags(_references(body), origin.tag))
            case Kind.LISTING:
                return tuple(_of_listing(body, origin.tag))
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        hint = (
            "look at the address in a browser; the recipe may name another one: `extra: {channel: {bump: {from: URL}}}`"
        )
        raise RemoteError(f"{origin.url} says nothing of versions", hint=hint, detail=str(exc)) from exc


def _of_index(said: Any) -> Iterator[Candidate]:  # noqa: ANN401 (JSON)
    """PyPI's JSON: version -> its files. A version whose files were all withdrawn is none (PEP 592)."""
    for version, files in said["releases"].items():
        kept = [file for file in files if not file.get("yanked")]
        digests = {file["filename"]: file["digests"]["sha256"] for file in kept}
        if kept:
            yield Candidate(version=version, digests=digests)


def _of_releases(said: Any, tag: Pattern | None) -> Iterator[Candidate]:  # noqa: ANN401 (the same)
    for release in said:
        name = release["tag_name"]
        if not release.get("draft") and (version := version_in(name, tag)):
            digests = {
                asset["name"]: asset["digest"].removeprefix("sha256:")
                for asset in release.get("assets", ())
                if (asset.get("digest") or "").startswith("sha256:")
            }
            is_prerelease = bool(release.get("prerelease"))
            yield Candidate(version=version, tag=name, is_prerelease=is_prerelease, digests=digests)


def _references(body: bytes) -> Mapping[str, str]:
    """Reference -> commit, as git tells it over HTTP: lines with their length before them (gitprotocol-pack)."""
    found: dict[str, str] = {}
    at = 0
    while at + 4 <= len(body):
        length = int(body[at : at + 4], 16)
        line = body[at + 4 : at + length] if length else b""
        at += max(length, 4)
        commit, space, name = line.partition(b"\0")[0].rstrip(b"\n").partition(b" ")
        if space and re.fullmatch(rb"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            found[name.decode("utf-8", "replace")] = commit.decode()
    if not found and not body.startswith(b"001e# service=git-upload-pack"):
        raise ValueError("these are no references of git")
    return found


def _of_tags(references: Mapping[str, str], tag: Pattern | None) -> Iterator[Candidate]:
    for name, commit in references.items():
        short = name.removeprefix("refs/tags/")
        if short != name and not short.endswith(PEELED) and (version := version_in(short, tag)):
            yield Candidate(version=version, tag=short, commit=references.get(f"{name}{PEELED}", commit))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href" and value:
                self.found[unquote(value.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2])] = None


def _of_listing(body: bytes, tag: Pattern | None) -> Iterator[Candidate]:
    links = _Links()
    links.feed(body.decode("utf-8", "replace"))
    for name in links.found:
        if tag is not None and (version := version_in(name, tag)):
            yield Candidate(version=version, tag=name)


def version_in(name: str, tag: Pattern | None) -> str:
    """The version in the name of a tag or a file; empty where it is of another kind."""
    if tag is not None:
        return tag.version(name)
    found = re.fullmatch(TAG, name)
    return found[1].replace("_", ".").rstrip(".") if found else ""
