"""What is found wrong with a store when it is compared with the generation it holds, each with what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.garbage import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

REPAIR = "channel index check --repair"
REBUILD = "channel index rebuild"
REFRESH = "channel index refresh"
GC = "channel index gc"
RESTORE = "bring it back from the bucket's versions or a backup"
PREVIEW = 20  # of each fault, shown to people


class Fault(StrEnum):
    """What kind of difference it is."""

    UNSIGNED = "unsigned or forged"
    EXPIRED = "expired"
    RUNS_OUT = "expires soon"
    DAMAGED = "index document missing or damaged"
    MISSING = "indexed but missing"
    DIFFERENT = "digest or size differs"
    BEHIND = "pointer older than the generation"
    FOREIGN = "pointer of no generation"
    UNINDEXED = "present but not indexed"
    ORPHANED = "sidecar without its package"
    UNREFERENCED = "of no kept generation"
    UNFINISHED = "garbage collection that died"


# What `--repair` mends, because nobody has to decide anything.
MENDED = frozenset({
    Fault.EXPIRED, Fault.RUNS_OUT, Fault.DAMAGED, Fault.BEHIND, Fault.FOREIGN, Fault.UNINDEXED, Fault.ORPHANED,
    Fault.UNFINISHED,
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it should be. `where` is a key, `what` a sentence about it, `mend` what to do."""

    fault: Fault
    where: str
    what: str
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check looked at and found; `mended` are the differences that a repair did away with."""

    channel: str
    generation: int = 0
    objects: int = 0
    packages: int = 0
    documents: int = 0
    differences: tuple[Difference, ...] = ()
    mended: tuple[Difference, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return not self.differences


def stale(expiries: Iterable[tuple[str, datetime, timedelta]], now: datetime) -> Iterator[Difference]:
    """Signatures that have lapsed or are about to: of each its key, until when it holds, and how long it did."""
    for where, expires, lifetime in expiries:
        until = f"{expires:%Y-%m-%d %H:%M} UTC"
        if now >= expires:
            what = f"expired on {until}: clients that verify refuse the channel"
            yield Difference(fault=Fault.EXPIRED, where=where, what=what, mend=REFRESH)
        elif expires - now < lifetime / 3:
            yield Difference(fault=Fault.RUNS_OUT, where=where, what=f"expires on {until}", mend=REFRESH)


LITTER = {
    Kind.PACKAGE: (Fault.UNINDEXED, "lies in the store, and no kept generation lists it", REPAIR),
    Kind.SIDECAR: (Fault.ORPHANED, "vouches for a package that is not listed", REPAIR),
    Kind.SHARD: (Fault.UNREFERENCED, "no kept generation names this shard", GC),
    Kind.DOCUMENT: (Fault.UNREFERENCED, "no kept generation lists this document", GC),
    Kind.METADATA: (Fault.UNREFERENCED, "belongs to no generation that is kept", GC),
    Kind.PROBE: (Fault.UNREFERENCED, "was left by a probe of the store", GC),
}


def litter(keys: Iterable[str]) -> Iterator[Difference]:
    """What is to be said of objects that nobody names."""
    for key in keys:
        kind = kind_of(key)
        if kind is not None:
            fault, what, mend = LITTER[kind]
            yield Difference(fault=fault, where=key, what=what, mend=mend)


def damaged(key: str, sha256: str, what: str, mend: str = REPAIR) -> Difference:
    """A document that the generation lists and that cannot be read."""
    return Difference(fault=Fault.DAMAGED, where=layout.by_hash(key, sha256), what=what, mend=mend)
