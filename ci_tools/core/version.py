"""The order of versions (CEP 33): what is newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from itertools import zip_longest
from typing import TYPE_CHECKING, Self

from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping

Atom = int | str
Segment = tuple[Atom, ...]

SPELLING = re.compile(r"[a-z0-9_.!+]+")
ATOMS = re.compile(r"[0-9]+|[^0-9]+")
DEV = "DEV"  # before every other letter, for capitals sort first
POST = 1 << 62  # after every number a person writes
WORDS: Mapping[str, Atom] = {"dev": DEV, "post": POST}
LONGEST_NUMBER = 18  # digits


@total_ordering
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VersionOrder:
    """A version taken apart so that it compares as conda clients compare; `1.0` equals `1`."""

    epoch: int
    segments: tuple[Segment, ...]
    local: tuple[Segment, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `text`; PackageError where clients could not read it."""
        head, mark, tail = text.lower().partition("!")
        epoch, rest = (head, tail) if mark else ("0", head)
        version, plus, local = rest.partition("+")
        if not SPELLING.fullmatch(text.lower()) or not epoch.isdigit() or "!" in rest or "+" in local:
            raise _invalid(text)
        return cls(epoch=int(epoch), segments=_segments(version, text), local=_segments(local, text) if plus else ())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionOrder) and not self < other and not other < self

    def __lt__(self, other: VersionOrder) -> bool:
        if self.epoch != other.epoch:
            return self.epoch < other.epoch
        pairs = (*_paired(self.segments, other.segments), *_paired(self.local, other.local))
        return next((_before(mine, theirs) for mine, theirs in pairs if mine != theirs), False)

    __hash__ = None  # type: ignore[assignment]  # `1.0` equals `1`, so no hash follows from the parts


def _segments(text: str, version: str) -> tuple[Segment, ...]:
    # CEP 33: `_` separates like `.`, but for one at the very end, which belongs to the last segment.
    end = "_" if text.endswith("_") else ""
    *first, last = text.removesuffix(end).replace("_", ".").split(".")
    if not all((*first, last)):
        raise _invalid(version)
    parts = (*first, last + end)
    return tuple(_segment(part, version) for part in parts)


def _segment(part: str, version: str) -> Segment:
    texts = ATOMS.findall(part)
    if any(t.isdigit() and len(t) > LONGEST_NUMBER for t in texts):
        raise _invalid(version)
    atoms = tuple(int(t) if t.isdigit() else WORDS.get(t, t) for t in texts)
    return atoms if isinstance(atoms[0], int) and atoms[0] != POST else (0, *atoms)


def _paired(mine: tuple[Segment, ...], theirs: tuple[Segment, ...]) -> list[tuple[Atom, Atom]]:
    pairs = zip_longest(mine, theirs, fillvalue=())
    return [atoms for one, other in pairs for atoms in zip_longest(one, other, fillvalue=0)]


def _before(mine: Atom, theirs: Atom) -> bool:
    if isinstance(mine, int) and isinstance(theirs, int):
        return mine < theirs
    if isinstance(mine, str) and isinstance(theirs, str):
        return mine < theirs
    return isinstance(mine, str)  # CEP 33: letters come before numbers


def _invalid(text: str) -> PackageError:
    return PackageError(f"`{text}` is not a version", hint="CEP 33 says how versions are written")
