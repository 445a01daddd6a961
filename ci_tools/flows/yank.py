"""Withdrawing published packages, and taking that back: as entries of a file that is reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_tools.core.curation import Yank
from ci_tools.core.package import Subdir
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ci_tools.core.repodata import IndexState
    from ci_tools.ports import YankRegistry

NEXT = "it takes effect with the next publish, or at once: channel index refresh"


@dataclass(frozen=True, slots=True, kw_only=True)
class YankRequest:
    """What is to be yanked: `dist` is `NAME-VERSION-BUILD`, with or without its subdir before and extension behind."""

    dist: str
    reason: str
    until: datetime | None = None


def yank(request: YankRequest, states: Iterable[IndexState], registry: YankRegistry) -> tuple[Yank, ...]:
    """The yanks that were written, one for each file that is meant; UsageError where none is, or one is yanked."""
    if not request.reason.strip() or not request.reason.isprintable():
        raise UsageError("a yank has a reason, in one line", hint="say what is wrong with the package: --reason TEXT")
    published = {key: key for state in states for key in _keys(state)}
    keys = _meant(request.dist, published, "is not published")
    known = {each.key: each for each in registry.yanks()}
    twice = [key for key in keys if key in known]
    if twice:
        raise UsageError(
            *(Problem(message=f"`{key}` is yanked already: {known[key].reason}") for key in twice),
            hint="to change it, edit the file, or take it back first: channel unyank",
        )
    fresh = tuple(_yank(key, request) for key in keys)
    registry.add(fresh)
    return fresh


def unyank(dist: str, registry: YankRegistry) -> tuple[Yank, ...]:
    """The yanks that were taken out; UsageError where there is none of `dist`."""
    known = {each.key: each for each in registry.yanks()}
    keys = _meant(dist, known, "is not yanked")
    registry.remove(keys)
    return tuple(known[key] for key in keys)


def _keys(state: IndexState) -> Iterator[str]:
    return (f"{state.subdir}/{filename}" for filename in (*state.filenames, *state.yanked))


def _meant(dist: str, known: Iterable[str], otherwise: str) -> tuple[str, ...]:
    keys = sorted(known)
    found = tuple(key for key in keys if dist in _names(key))
    if not found:
        near = get_close_matches(dist, [name for key in keys for name in _names(key)], n=1)
        hint = f"did you mean `{near[0]}`?" if near else "name it as NAME-VERSION-BUILD: channel index status"
        raise UsageError(f"`{dist}` {otherwise}", hint=hint)
    return found


def _names(key: str) -> tuple[str, ...]:
    """Every way to call a package."""
    subdir, _, filename = key.partition("/")
    stem = filename.removesuffix(".conda").removesuffix(".tar.bz2")
    return key, filename, stem, f"{subdir}/{stem}"


def _yank(key: str, request: YankRequest) -> Yank:
    subdir, _, filename = key.partition("/")
    return Yank(subdir=Subdir(subdir), filename=filename, reason=request.reason, until=request.until)
