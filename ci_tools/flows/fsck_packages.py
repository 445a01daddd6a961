"""Packages against their records: there, of the right size and digest, with the sidecar that the record names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.fsck import REBUILD, REPAIR, RESTORE, Difference, Fault
from ci_tools.errors import NotFoundError
from ci_tools.flows.upload import SHA256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_tools.core.package import Filename, PackageRecord, Subdir
    from ci_tools.core.repodata import IndexState
    from ci_tools.flows.fsck import Inspection
    from ci_tools.ports import ObjectStore

IN_PARALLEL = 16
GONE = f"{RESTORE}, or take it out of the index: {REBUILD}"
ALTERED = f"{RESTORE}; whoever installs it is refused by its digest"

Promise = tuple[str, "PackageRecord"]  # key, and what the file name stands for


def fsck_packages(
    inspection: Inspection, states: Mapping[Subdir, IndexState], sizes: Mapping[str, int]
) -> tuple[Difference, ...]:
    """What is wrong with the packages that are published, yanked ones too, and with the shards that list them."""
    promises = [p for state in states.values() for p in _promises(state)]
    progress = inspection.host.progress("check", len(promises), "packages")
    with progress as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        found = tuple(pool.map(lambda p: _told(_package(inspection.store, p, sizes), advance), promises))
    shards = (difference for state in states.values() for difference in _shards(state, sizes))
    return (*(difference for differences in found for difference in differences), *shards)


def _promises(state: IndexState) -> Iterator[Promise]:
    files: tuple[Filename, ...] = (*state.filenames, *state.yanked)
    for filename in files:
        record = state.promised(filename)
        if record is not None:
            yield layout.package_key(state.subdir, filename), record


def _told(found: Iterator[Difference], advance: Callable[[int], None]) -> tuple[Difference, ...]:
    differences = tuple(found)
    advance(1)
    return differences


def _package(store: ObjectStore, promise: Promise, sizes: Mapping[str, int]) -> Iterator[Difference]:
    key, record = promise
    if key not in sizes:
        yield Difference(fault=Fault.MISSING, where=key, what="is indexed, and is not in the store", mend=GONE)
    elif sizes[key] != record.size:
        what = f"has {sizes[key]} bytes, and its record says {record.size}"
        yield Difference(fault=Fault.DIFFERENT, where=key, what=what, mend=ALTERED)
    else:
        yield from _digest(store, key, record)
    sidecar = layout.sidecar_key(key, record.attestations_sha256 or "")
    if record.attestations_sha256 and sidecar not in sizes:
        what = "its record names this sidecar, and it is not in the store"
        yield Difference(fault=Fault.MISSING, where=sidecar, what=what, mend=RESTORE)


def _digest(store: ObjectStore, key: str, record: PackageRecord) -> Iterator[Difference]:
    """By what the store keeps beside the object; `channel verify` reads the bytes."""
    try:
        said = store.head(key).metadata.get(SHA256)
    except NotFoundError:
        said = "none: it went away just now"
    if said and record.sha256 and said != record.sha256:
        what = f"the store says it has the SHA-256 {said}, and its record says {record.sha256}"
        yield Difference(fault=Fault.DIFFERENT, where=key, what=what, mend=ALTERED)


def _shards(state: IndexState, sizes: Mapping[str, int]) -> Iterator[Difference]:
    for name, digest in state.digests.items():
        key = layout.shard_key(state.subdir, digest.hex())
        if key not in sizes:
            what = f"is missing, though the shard index names it for `{name}`"
            yield Difference(fault=Fault.DAMAGED, where=key, what=what, mend=REPAIR)
