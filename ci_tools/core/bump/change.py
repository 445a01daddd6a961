"""What changes in a recipe with a new version: the version, what is fetched and its digest, and the build number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.edits import Edit, redefining, replacing
from ci_tools.core.lint.promises import number_field, numbered, version_field
from ci_tools.core.written import Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.written import Path, Written

DIGESTS = ("sha256", "sha1", "md5")
REPOSITORIES = ("git", "git_url")
# `{{ version }}`, or with its dashes made into what a package's version may have: `{{ version | replace('-', '_') }}`.
RESPELLED = re.compile(r"\$?\{\{\s*(\w+)\s*(?:[|.]\s*(?:replace\([^()]*\)|lower|string)\s*)*\}\}")
REVISIONS = ("rev", "git_rev", "tag", "git_tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Something that a recipe fetches: `urls` are fields that stand for the same bytes, `digests` fields of digests."""

    urls: tuple[Field, ...]
    digests: tuple[Field, ...]


def spelling(written: Written) -> Field | None:
    """The one place that says the version, as upstream spells it: `1.2-3` where the package is `1.2_3`."""
    where = version_field(written)
    if where is None or "{{" not in (where.value or ""):
        return where
    found = RESPELLED.fullmatch((where.value or "").strip())
    defined = written.definitions(found[1]) if found else ()
    return defined[0] if len(defined) == 1 and "{{" not in (defined[0].value or "") else None


def reversioned(written: Written, before: str, after: str) -> tuple[Edit, ...]:
    """The edits that make the recipe one of the version `after`; none where its version is not in one place.

    An address that spells the version out is changed as well.
    """
    where = spelling(written)
    if where is None:
        return ()
    edits = (replacing(written, where, after),)
    spelled = (f for fetch in fetches(written) for f in fetch.urls if before in (f.value or ""))
    return (*edits, *(_respelled(written, field, before, after) for field in spelled))


def _respelled(written: Written, field: Field, before: str, after: str) -> Edit:
    raw = written.text[field.start : field.end]
    return Edit(start=field.start, end=field.end, text=raw.replace(before, after))


def fetches(written: Written) -> tuple[Fetch, ...]:
    """Everything that is fetched by address, each with the digests that count where it counts."""
    return tuple(fetch for source in written.sources() for fetch in _fetches(written, source))


def _fetches(written: Written, source: Path) -> Iterator[Fetch]:
    urls = written.scalars(*source, "url")
    digests = [field for key in DIGESTS for field in written.at(*source, key) if field.value]
    if len({url.condition for url in urls}) <= 1:
        if urls:
            yield Fetch(urls=urls, digests=tuple(digests))
        return
    for url in urls:  # one for each selector: so are their digests
        yield Fetch(urls=(url,), digests=tuple(d for d in digests if d.condition in {url.condition, ""}))


def digested(written: Written, fetch: Fetch, told: Mapping[str, str]) -> tuple[Edit, ...]:
    """The edits that write down what the digests are now; `told`: algorithm -> lower hex."""
    edits = (redefining(written, field, told[str(field.key)]) for field in fetch.digests)
    return tuple(edit for found in edits for edit in found)


def repositories(written: Written) -> tuple[tuple[Field, Field | None], ...]:
    """Each git repository that is a source, with the field of its revision."""
    found = []
    for source in written.sources():
        at = next((f for key in REPOSITORIES if (f := written.first(*source, key))), None)
        if at is not None:
            found.append((at, next((f for key in REVISIONS if (f := written.first(*source, key))), None)))
    return tuple(found)


def renumbered(written: Written) -> tuple[Edit, ...]:
    """The edits that let the build number begin at 0 again."""
    where = number_field(written)
    return numbered(written, 0) if where is not None and where.value != "0" else ()


def is_commit(text: str) -> bool:
    """Whether a revision is the full id of a commit."""
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) is not None


def patches(written: Written) -> bool:
    """Whether a source of the recipe is patched."""
    return any(written.at(*source, "patches") for source in written.sources())
