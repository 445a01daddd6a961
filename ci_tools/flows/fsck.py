"""Comparing what lies in the store with what its generation says (fsck): nothing is changed, everything is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.fsck import GC, REBUILD, CheckReport, Difference, Fault, damaged, litter, stale
from ci_tools.core.garbage import garbage
from ci_tools.core.generation import Lifetimes
from ci_tools.errors import StoreError, TrustError
from ci_tools.flows.collected import collection_of
from ci_tools.flows.fsck_packages import fsck_packages
from ci_tools.flows.fsck_pointers import fsck_pointers
from ci_tools.flows.index import listed_subdirs, read_states
from ci_tools.flows.named import named
from ci_tools.flows.present import Present, present
from ci_tools.ports import CodeHost, ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.generation import Generation, TargetFile
    from ci_tools.core.package import Subdir
    from ci_tools.core.repodata import IndexState

IN_PARALLEL = 16
GC_LATER = "channel index gc --keep …, with a time short enough to leave that generation out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a check works with. `keep` is how long a generation is kept after it was the present one."""

    store: ObjectStore
    root: bytes  # the pinned one
    lifetimes: Lifetimes
    channel: str
    now: datetime
    keep: timedelta
    host: CodeHost


def fsck(inspection: Inspection) -> CheckReport:
    """Every difference, in order of its kind and place. RemoteError where the store cannot be asked."""
    try:
        found = present(inspection.store, inspection.root, inspection.now)
    except TrustError as exc:
        broken = Difference(fault=Fault.UNSIGNED, where="tuf", what=str(exc), mend=exc.problems[0].hint)
        return CheckReport(channel=inspection.channel, differences=(broken,))
    sizes = {head.key: head.size for head in inspection.store.list("")}
    if found.generation is None:
        return CheckReport(channel=inspection.channel, objects=len(sizes))
    broken_documents = tuple(_documents(inspection.store, found.generation, sizes))
    states, unread = _states(inspection.store, found)
    differences = (
        *stale(_expiries(inspection, found.generation), inspection.now),
        *broken_documents, *unread,
        *fsck_packages(inspection, states, sizes),
        *fsck_pointers(inspection.store, found.generation, sizes),
        *_litter(inspection, found, sizes),
    )  # fmt: skip
    order = list(Fault)
    return CheckReport(
        channel=inspection.channel,
        generation=found.number,
        objects=len(sizes),
        packages=sum(len(state.filenames) for state in states.values()),
        documents=len(found.generation.targets),
        differences=tuple(sorted(differences, key=lambda d: (order.index(d.fault), d.where))),
    )


def _expiries(inspection: Inspection, generation: Generation) -> Iterator[tuple[str, datetime, timedelta]]:
    expires, lifetimes = generation.expires, inspection.lifetimes
    yield layout.TIMESTAMP, expires.timestamp, lifetimes.timestamp
    yield layout.metadata_key("snapshot", generation.snapshot), expires.snapshot, lifetimes.snapshot
    yield layout.metadata_key("targets", generation.number), expires.targets, lifetimes.targets


def _documents(store: ObjectStore, generation: Generation, sizes: Mapping[str, int]) -> Iterator[Difference]:
    """The documents of the generation that cannot be read by hash."""

    def looked_at(item: tuple[str, TargetFile]) -> Difference | None:
        key, target = item
        copy = layout.by_hash(key, target.sha256)
        if copy not in sizes:
            return damaged(key, target.sha256, "is missing, though the generation lists it")
        if not target.matches(store.get(copy).body):
            return damaged(key, target.sha256, "is not what the generation lists")
        return None

    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        found = tuple(pool.map(looked_at, generation.targets.items()))
    yield from (difference for difference in found if difference)


def _states(store: ObjectStore, found: Present) -> tuple[Mapping[Subdir, IndexState], tuple[Difference, ...]]:
    """What can be read of the subdirs; the rest is a difference each."""
    states: dict[Subdir, IndexState] = {}
    unread = []
    for subdir in listed_subdirs(found):
        try:
            states |= read_states(store, found, (subdir,))
        except (TrustError, StoreError) as exc:
            what = f"the index of {subdir} cannot be read: {exc}"
            unread.append(Difference(fault=Fault.DAMAGED, where=f"{subdir}/", what=what, mend=REBUILD))
    return states, tuple(unread)


def _litter(inspection: Inspection, found: Present, sizes: Mapping[str, int]) -> Iterator[Difference]:
    """What nobody names, but for what garbage collection has in hand already."""
    try:
        collection = collection_of(inspection.store, found)
        kept = named(inspection.store, found, inspection.keep, inspection.now)
    except (TrustError, StoreError) as exc:
        yield Difference(
            fault=Fault.DAMAGED, where="tuf", what=f"a kept generation cannot be read: {exc}", mend=GC_LATER
        )
        return
    for key in sorted(collection.condemned & sizes.keys()):
        yield Difference(fault=Fault.UNFINISHED, where=key, what="was to be deleted by a run that died", mend=GC)
    left = sizes.keys() - collection.condemned - collection.doomed.keys()
    yield from litter(sorted(garbage(left, kept.named)))
