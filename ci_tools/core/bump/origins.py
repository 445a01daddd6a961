"""Where the versions of a source are announced: told from its address, so that no host is written down here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ci_tools.core.bump.policy import Policy

# How addresses of an index of Python packages look: `/packages/source/t/thing/…`, `/project/thing/`, `/pypi/thing`.
INDEX = re.compile(r"/packages/[^/]+/[^/]/(?P<name>[^/]+)/|/(?:project|pypi)/(?P<other>[^/]+)(?:/|$)")
# How code hosts name what belongs to a repository: `/owner/name/archive/…`, `/owner/name/-/archive/…`.
ARCHIVE = re.compile(
    r"(?P<repository>/[^/]+/[^/]+(?:/[^/]+)*?)(?:\.git)?(?:/-)?/(?:archive|releases/download|tarball|zipball)/"
)
PUBLIC = "github.com"


class Kind(StrEnum):
    """How a place announces versions."""

    PYPI = "pypi"  # JSON of an index of Python packages
    RELEASES = "releases"  # the API of a GitHub
    TAGS = "tags"  # the references of a git repository over HTTP
    LISTING = "listing"  # a page with links to files


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Names of tags and files that hold a version: the group of `expression`, with `separator` for each dot."""

    expression: str
    separator: str = "."

    def version(self, name: str) -> str:
        """The version in `name`, empty where it is a name of another kind."""
        found = re.fullmatch(self.expression, name)
        return (found[1] or "").replace(self.separator, ".").rstrip(".") if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A place to ask. `url` is the whole address; `tag` says which names there are versions, any where it is None."""

    kind: Kind
    url: str
    tag: Pattern | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to ask what an address does not say: an index of Python packages, and host -> API of a GitHub."""

    index: str = ""
    apis: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """A source as rendered: its address, and whether that is a git repository."""

    url: str
    is_git: bool = False


def origins(
    sources: Iterable[Sourced], pages: Iterable[str], version: str, policy: Policy, places: Places
) -> tuple[Origin, ...]:
    """The places to ask for a recipe at `version`, the best first; `pages` are the homepage and the like."""
    known, told = tuple(sources), tuple(pages)
    if policy.where:
        return (_said(policy, version, known),)
    found = [origin for source in known for origin in _of(source, told, version, places)]
    said = Pattern(expression=policy.tag) if policy.tag else None
    tagged = (Origin(kind=o.kind, url=o.url, tag=said or o.tag) for o in found)
    return tuple(dict.fromkeys(o for o in tagged if not policy.kind or o.kind == policy.kind))


def _said(policy: Policy, version: str, sources: tuple[Sourced, ...]) -> Origin:
    kind = Kind(policy.kind) if policy.kind else _kind_of(policy.where)
    patterns = (found for s in sources if (found := pattern_in(urlsplit(s.url).path.rpartition("/")[2], version)))
    said = Pattern(expression=policy.tag) if policy.tag else None
    return Origin(kind=kind, url=policy.where, tag=said or next(patterns, None))


def _kind_of(url: str) -> Kind:
    if url.endswith(".git"):
        return Kind.TAGS
    return Kind.PYPI if url.endswith("/json") else Kind.RELEASES if url.endswith("/releases") else Kind.LISTING


def _of(source: Sourced, pages: tuple[str, ...], version: str, places: Places) -> Iterator[Origin]:
    address = urlsplit(source.url)
    if source.is_git:
        yield from _repository(source.url.removesuffix("/"), None, places)
        return
    if address.scheme not in {"http", "https"}:
        return
    if found := INDEX.search(address.path):
        name = found["name"] or found["other"]
        hosts = [page for page in pages if (m := INDEX.search(urlsplit(page).path)) and name in m.groups()]
        for base in (*hosts, places.index, source.url):
            if base and (origin := _index(base, name)):
                yield origin
                return
    if found := ARCHIVE.match(address.path):
        segments = address.path[found.end() :].split("/")
        tag = next((p for s in segments if (p := pattern_in(_without_suffix(s), version))), None)
        yield from _repository(f"{address.scheme}://{address.netloc}{found['repository']}", tag, places)
        return
    yield from _listing(source.url, version)


def _index(base: str, name: str) -> Origin | None:
    address = urlsplit(base)
    return (
        Origin(kind=Kind.PYPI, url=f"{address.scheme}://{address.netloc}/pypi/{name}/json") if address.netloc else None
    )


def _repository(url: str, tag: Pattern | None, places: Places) -> Iterator[Origin]:
    address = urlsplit(url)
    if address.scheme not in {"http", "https"}:
        return
    name = address.path.removesuffix(".git")
    apis = {PUBLIC: f"https://api.{PUBLIC}", **(places.apis or {})}
    if api := apis.get(address.netloc):
        yield Origin(kind=Kind.RELEASES, url=f"{api}/repos{name}/releases?per_page=100", tag=tag)
    yield Origin(kind=Kind.TAGS, url=f"{address.scheme}://{address.netloc}{name}.git", tag=tag)


def _listing(url: str, version: str) -> Iterator[Origin]:
    """The folder above the first part of the address that names the version."""
    head, _, rest = url.partition("://")
    parts = rest.split("/")
    for at, part in enumerate(parts[1:], 1):
        if pattern := pattern_in(part, version):
            yield Origin(kind=Kind.LISTING, url=f"{head}://{'/'.join(parts[:at])}/", tag=pattern)
            return


def pattern_in(text: str, version: str) -> Pattern | None:
    """`v(…)` for `v1.2` and 1.2: which names look like `text`; None where the version is not in it."""
    for separator in (".", "_", "-"):
        spelled = version.replace(".", separator)
        at = text.find(spelled) if spelled else -1
        if at >= 0:
            head, tail = re.escape(text[:at]), re.escape(text[at + len(spelled) :])
            marks = re.escape("".join(sorted(set(re.findall(r"[^0-9A-Za-z]", spelled)) | {"."})))
            return Pattern(expression=f"{head}([0-9][0-9A-Za-z{marks}]*?){tail}", separator=separator)
    return None


def _without_suffix(name: str) -> str:
    return re.sub(r"(?:\.tar)?\.(?:gz|bz2|xz|zst|zip|tgz)$", "", name)
