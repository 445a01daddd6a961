"""Where a recipe takes its sources from, and whether they can change behind its back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_tools.core.lint.rule import Level, Rule, Spot, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.written import Field, Path, Written

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
BRANCHES = {"head", "main", "master", "develop", "dev", "trunk", "default", "tip"}
MOVING = re.compile(
    r"/refs/heads/|/latest/|/(?:archive|zipball|tarball|raw|blob)/(?:main|master|develop|trunk|HEAD)\b", re.IGNORECASE
)
REVISIONS = ("rev", "git_rev", "tag", "git_tag", "hg_tag", "svn_rev")
REPOSITORIES = ("git", "git_url", "hg_url", "svn_url")
CHECKSUMS = ("sha256",)
WEAK = ("md5", "sha1")


def _urls(written: Written, source: Path) -> tuple[Field, ...]:
    return written.scalars(*source, "url")


def _repository(written: Written, source: Path) -> Field | None:
    return next((found for key in REPOSITORIES if (found := written.first(*source, key))), None)


def _any(written: Written, source: Path, keys: tuple[str, ...]) -> Field | None:
    return next((found for key in keys for found in written.scalars(*source, key) if found.value), None)


def _unpinned(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for source in written.sources():
        urls = _urls(written, source)
        if urls and not _any(written, source, (*CHECKSUMS, *WEAK)):
            hint = "add `sha256:` with the digest of the file that you have looked at"
            yield Spot.at(urls[0], "the source has a `url` and no `sha256`", hint)
        repository = _repository(written, source)
        if repository and _revision(written, source).lower() in BRANCHES | {""}:
            yield Spot.at(repository, "the repository is taken at no fixed revision", _how_to_fix_a_revision(written))


def _how_to_fix_a_revision(written: Written) -> str:
    key = "rev" if written.sources() and not written.recipe.file.endswith("meta.yaml") else "git_rev"
    return f"add `{key}:` with the full id of a commit"


def _revision(written: Written, source: Path) -> str:
    found = _any(written, source, REVISIONS)
    return written.resolved(found.value or "").strip() if found else ""


def _weak(subject: Subject) -> Iterator[Spot]:
    for source in subject.written.sources():
        weak = _any(subject.written, source, WEAK)
        if weak and not _any(subject.written, source, CHECKSUMS):
            yield Spot.at(weak, f"the source is only known by its `{weak.key}`", "add `sha256:`")


def _tag(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for source in written.sources():
        revision = _revision(written, source)
        if _repository(written, source) and revision.lower() not in BRANCHES | {""} and not COMMIT.fullmatch(revision):
            where = _any(written, source, REVISIONS)
            yield Spot.at(where, f"`{revision}` is a tag, which can be moved", "name the commit that the tag is at now")


def _moving(subject: Subject) -> Iterator[Spot]:
    for source in subject.written.sources():
        for url in _urls(subject.written, source):
            if found := MOVING.search(url.value or ""):
                hint = "use the archive of a release, or of a commit"
                yield Spot.at(url, f"what is behind `{found[0].strip('/')}` changes with time", hint)


def _open(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for source in written.sources():
        for url in (*_urls(written, source), *filter(None, [_repository(written, source)])):
            scheme = (url.value or "").partition("://")[0].lower()
            if scheme in {"http", "ftp", "git"}:
                yield Spot.at(url, f"the source comes over `{scheme}:`, which anybody on the way can read", "use https")


def _ssh(subject: Subject) -> Iterator[Spot]:
    for source in subject.written.sources():
        where = _repository(subject.written, source)
        if where and re.match(r"ssh://|git\+ssh://|[\w.-]+@[\w.-]+:", where.value or ""):
            hint = "use https for what is public; commit what is private beside the recipe"
            yield Spot.at(where, "the source is fetched over SSH", hint)


RULES = (
    Rule(
        id="unpinned-source",
        level=Level.ERROR,
        title="a source can be replaced by anybody who has its address",
        why="Whoever owns the address decides what your company runs, and two builds of one recipe differ.",
        how="`sha256:` beside each `url:`, and a full commit id as the revision of each repository.",
        check=_unpinned,
    ),
    Rule(
        id="weak-checksum",
        level=Level.WARNING,
        title="a source is known by MD5 or SHA-1 alone",
        why="Two files with one such digest can be made, and were.",
        how="Add `sha256:`; the old line may go.",
        check=_weak,
    ),
    Rule(
        id="movable-tag",
        level=Level.WARNING,
        title="a repository is taken at a tag",
        why="A tag can be moved, and then the same recipe builds something else.",
        how="Name the commit: `git rev-parse 'v1.2^{commit}'`. A comment can keep the tag's name.",
        check=_tag,
    ),
    Rule(
        id="moving-url",
        level=Level.WARNING,
        title="an address stands for whatever is newest",
        why="The build breaks on the day it changes, for its digest is not the one in the recipe any more.",
        how="Use the address of one release, or of one commit.",
        check=_moving,
    ),
    Rule(
        id="insecure-source",
        level=Level.WARNING,
        title="a source is fetched without encryption",
        why="What you fetch tells others what you build; without a digest they can change it as well.",
        how="Use https.",
        check=_open,
    ),
    Rule(
        id="ssh-source",
        level=Level.WARNING,
        title="a source wants an SSH key",
        why="A build has no key, no agent and an empty home: recipe code must not find a credential.",
        how="Use https for what is public. What is private is committed beside the recipe, or comes as a package.",
        check=_ssh,
    ),
)
