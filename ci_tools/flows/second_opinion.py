"""Having another program index the same packages, comparing, and taking its word where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core.curation import Curation, curated
from ci_tools.core.opinion import differing, opinions
from ci_tools.core.package import Subdir
from ci_tools.core.record_diff import IndexDiff
from ci_tools.core.rerecord import rerecorded
from ci_tools.errors import NotFoundError
from ci_tools.flows.index import listed_subdirs, proposed, read_states
from ci_tools.flows.present import present
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.core.package import PackageRecord
    from ci_tools.core.repodata import IndexState
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import CodeHost, Indexer

IN_PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What another indexer says of the packages: its repodata.json by subdir, and where that differs from ours."""

    repodata: Mapping[Subdir, bytes]
    diff: IndexDiff


def second_opinion(setting: Setting, indexer: Indexer, host: CodeHost) -> Opinion:
    """What `indexer` makes of every published package; our records before patches are compared with it."""
    before = present(setting.store, setting.notary.root, setting.now)
    states = read_states(setting.store, before, listed_subdirs(before))
    packages = [p for state in states.values() for p in _packages(state)]
    total = sum(record.size for _, record in packages)
    with host.progress("mirror", total, "B") as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        # The list is what waits for all of them, and what raises.
        list(pool.map(lambda package: _mirrored(setting, indexer, package, advance), packages))
    with host.group("index by another program"):
        repodata = indexer.index()
    found = (d for state in states.values() for d in differing(state, repodata.get(state.subdir, b"{}")))
    return Opinion(repodata=repodata, diff=IndexDiff(records=tuple(found)))


def accept(opinion: Opinion, setting: Setting, curation: Curation) -> Commit:
    """A generation with the other indexer's records; attestations, yanks, patches and builds stay."""
    return transaction(setting, partial(_decided, opinion, setting, curation.in_force(setting.now)))


def _decided(opinion: Opinion, setting: Setting, curation: Curation, before: Present, _: int) -> Proposal:
    states = read_states(setting.store, before, listed_subdirs(before))
    after, changes = [], []
    for state in states.values():
        recorded, differences = rerecorded(state, opinions(state, opinion.repodata.get(state.subdir, b"{}")))
        whole, curations = curated(recorded, curation)
        after += [whole] if whole is not state else []
        changes += [*differences, *curations]
    return proposed(before, after, Proposal(documents=(curation.document(),), changes=tuple(changes)))


def _packages(state: IndexState) -> list[tuple[str, PackageRecord]]:
    files = (*state.filenames, *state.yanked)
    return [(f"{state.subdir}/{f}", record) for f in files if (record := state.promised(f)) is not None]


def _mirrored(
    setting: Setting, indexer: Indexer, package: tuple[str, PackageRecord], advance: Callable[[int], None]
) -> None:
    key, record = package
    with suppress(NotFoundError):  # a difference: the other program will not list it
        indexer.take(key, setting.store.stream(key), record.sha256)
    advance(record.size)
