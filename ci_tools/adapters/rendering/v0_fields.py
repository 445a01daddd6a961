"""What a V0 or boa recipe says besides how it is built: about itself, its tests, its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.rendering.templates import is_unknown
from ci_tools.adapters.rendering.v0_parts import listed
from ci_tools.core.recipe import About, Fetched

if TYPE_CHECKING:
    from collections.abc import Callable

Fields = Mapping[str, Any]
TEST_FILES = ("run_test.sh", "run_test.bat", "run_test.py", "run_test.pl", "run_test.r")
TESTS = ("commands", "imports", "exists")
CHECKSUMS = ("sha256", "sha1", "md5")  # the strongest one counts


def about(fields: Fields, script: Callable[[str], str]) -> About:
    """What the recipe says of itself; `script` reads a file beside it."""
    said = _mapping(fields.get("about"))
    tests = _mapping(fields.get("test"))
    return About(
        license=_text(said.get("license")),
        license_files=tuple(map(str, listed(said.get("license_file")))),
        summary=_text(said.get("summary")),
        homepage=_text(said.get("home") or said.get("homepage")),
        tests=sum(len(listed(tests.get(kind))) for kind in TESTS) + sum(1 for name in TEST_FILES if script(name)),
        fetched=tuple(found for source in _sources(fields) for found in _fetched(source)),
    )


def path_sources(fields: Fields) -> tuple[str, ...]:
    """Paths of the repository that the package is made from, as written; patches from elsewhere among them."""
    found: list[str] = []
    for source in _sources(fields):
        git = str(source.get("git_url") or "")
        paths = [source.get("path"), *([git] if git.startswith((".", "/")) else [])]
        found += [str(path) for path in paths if path]
        found += [str(patch) for patch in listed(source.get("patches")) if str(patch).startswith("../")]
    return tuple(dict.fromkeys(path for path in found if not is_unknown(path)))


def tested_with(fields: Fields) -> tuple[str, ...]:
    """What tests ask for beyond the package itself."""
    tests = _mapping(fields.get("test"))
    return tuple(str(spec) for spec in listed(tests.get("requires")) if spec)


def programs(meta: Fields) -> tuple[str, ...]:
    """What `extra: channel: {needs: [...]}` names."""
    return tuple(map(str, listed(_mapping(_mapping(meta.get("extra")).get("channel")).get("needs"))))


def _sources(fields: Fields) -> Iterator[Fields]:
    yield from (source for source in listed(fields.get("source")) if isinstance(source, Mapping))


def _fetched(source: Fields) -> Iterator[Fetched]:
    git = str(source.get("git_url") or "")
    if git and not git.startswith((".", "/")):
        rev = source.get("git_rev") or source.get("git_tag") or source.get("git_branch") or ""
        yield Fetched(url=git, rev=str(rev), is_git=True)
    checksum = next((str(source[kind]) for kind in CHECKSUMS if source.get(kind)), "")
    yield from (Fetched(url=str(url), checksum=checksum) for url in listed(source.get("url")))


def _mapping(said: Any) -> Fields:  # noqa: ANN401 (a value of YAML)
    return said if isinstance(said, Mapping) else {}


def _text(said: Any) -> str:  # noqa: ANN401 (the same)
    return "" if said is None or isinstance(said, (Mapping, list)) else str(said)
