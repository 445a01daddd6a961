"""Making every record again from the packages in the store: only the part of each that speaks of it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core.channeldata import Channeldata
from ci_tools.core.curation import Curation, curated
from ci_tools.core.listing import package_name
from ci_tools.core.receipt import Change, Did, Receipt, Refused
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.rerecord import rerecorded
from ci_tools.errors import StoreError, TrustError
from ci_tools.flows.history import receipts
from ci_tools.flows.index import listed_subdirs, proposed, read_states
from ci_tools.flows.inventory import Found, Inventory, Stock, inventory
from ci_tools.flows.present import Present, present
from ci_tools.flows.straighten import straighten
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.layout import Document
    from ci_tools.core.package import Subdir
    from ci_tools.core.receipt import Published
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore

GONE = "the package is not in the store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """How a rebuild ended. `adopted` are packages, by key, that were in the store and not in the index."""

    commit: Commit
    read: int = 0
    adopted: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def rebuild(
    setting: Setting, subdirs: Iterable[Subdir], stock: Stock, curation: Curation, *, adopt: bool = False
) -> Rebuilt:
    """The channel as its packages say it is, a generation where that differs from what is indexed.

    What only the index knew is kept: how packages were built, yanks, patches. A package that is gone is taken out; one
    that is not what its record says is refused and its record stays. What is attested and not indexed is taken in with
    `adopt`, and wherever the index of a subdir cannot be read.
    """
    before = present(setting.store, setting.notary.root, setting.now)
    if before.generation is None:
        return Rebuilt(commit=Commit(present=before, receipt=None))
    wanted = tuple(dict.fromkeys((*listed_subdirs(before), *subdirs)))
    states = {subdir: _state(setting.store, before, subdir) for subdir in wanted}
    lost = frozenset(subdir for subdir, state in states.items() if state is None)
    known = {s: state or IndexState.empty(s) for s, state in states.items()}
    found = inventory(stock, known, _published(setting.store, before), everything=frozenset(wanted) if adopt else lost)
    commit = transaction(setting, partial(_decided, setting, found, lost, curation.in_force(setting.now)))
    if lost:
        straighten(setting)
    return Rebuilt(commit=commit, read=found.read, adopted=tuple(sorted(found.adopted)), refused=found.refused)


def _state(store: ObjectStore, before: Present, subdir: Subdir) -> IndexState | None:
    """What is indexed in the subdir; None where that cannot be read."""
    try:
        return read_states(store, before, (subdir,))[subdir]
    except (TrustError, StoreError):
        return None


def _published(store: ObjectStore, before: Present) -> Mapping[str, tuple[Receipt, Published]]:
    """What the receipts say of every package that was ever published, the last word first."""
    found: dict[str, tuple[Receipt, Published]] = {}
    for receipt in receipts(store, before):
        for package in receipt.published:
            found.setdefault(f"{package.subdir}/{package.filename}", (receipt, package))
    return found


def _decided(
    setting: Setting, found: Inventory, lost: frozenset[Subdir], curation: Curation, before: Present, _: int
) -> Proposal:
    subdirs = tuple(dict.fromkeys((*listed_subdirs(before), *found.subdirs)))
    readable = read_states(setting.store, before, (s for s in subdirs if s not in lost))
    states = {subdir: readable.get(subdir) or IndexState.empty(subdir) for subdir in subdirs}
    after, changes = zip(*(_rebuilt(state, found, curation) for state in states.values()), strict=True)
    changed = [s for s in after if s.touched or s is not states[s.subdir]]
    base = Proposal(
        documents=(curation.document(), *_overview(after, found)),
        changes=tuple(change for each in changes for change in each),
        needs=frozenset(found.adopted),
    )
    proposal = proposed(before, changed, base)
    # What is lost is written, also where its bytes are those that the generation lists.
    known = {document.key for document in proposal.documents}
    again = (document for state in after if state.subdir in lost for document in state.documents())
    return replace(proposal, documents=(*proposal.documents, *(d for d in again if d.key not in known)))


def _overview(states: Iterable[IndexState], found: Inventory) -> tuple[Document, ...]:
    """channeldata.json from all packages, so that nothing is left in it of what is no more."""
    every = [replace(s, touched=frozenset(map(package_name, (*s.records.names, *s.withheld.names)))) for s in states]
    return Channeldata().following(every, (package.artifact for package in found.packages)).documents("Packages")


def _rebuilt(state: IndexState, found: Inventory, curation: Curation) -> tuple[IndexState, tuple[Change, ...]]:
    mine = [package for package in found.packages if package.artifact.subdir == state.subdir]
    gone = [f for f in (*state.filenames, *state.yanked) if f"{state.subdir}/{f}" in found.gone]
    left = state.without(gone) if gone else state
    recorded, changes = rerecorded(left, (_entry(p) for p in mine if left.promised(p.artifact.filename)))
    fresh = [p for p in mine if left.promised(p.artifact.filename) is None and p.key in found.adopted]
    whole, curations = curated(recorded.including(map(_entry, fresh)), curation)
    return whole, (
        *(Change(did=Did.WITHDRAWN, key=f"{state.subdir}/{f}", because=GONE) for f in gone),
        *(Change(did=Did.RESTORED, key=p.key) for p in fresh),
        *changes, *curations,
    )  # fmt: skip


def _entry(found: Found) -> IndexEntry:
    record = replace(found.artifact.record, attestations_sha256=found.attestations_sha256 or None)
    return IndexEntry(
        filename=found.artifact.filename, record=record, run_exports=found.artifact.run_exports, build=found.build
    )
