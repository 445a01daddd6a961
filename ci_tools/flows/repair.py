"""Mending what a check found and nobody has to decide about."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.fsck import MENDED, CheckReport, Fault
from ci_tools.core.garbage import package_of
from ci_tools.core.layout import Freshness
from ci_tools.errors import ConflictError, NotFoundError, TrustError
from ci_tools.flows.collected import collection_of
from ci_tools.flows.fsck import Inspection, fsck
from ci_tools.flows.gc import carried_out, changed_collection, remove_condemned
from ci_tools.flows.index import listed_subdirs, read_states
from ci_tools.flows.present import present
from ci_tools.flows.refresh import refresh
from ci_tools.flows.straighten import straighten
from ci_tools.flows.transaction import Proposal, transaction
from ci_tools.ports import ABSENT

if TYPE_CHECKING:
    from ci_tools.core.curation import Curation
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore

REMOVED = frozenset({Fault.UNINDEXED, Fault.ORPHANED, Fault.UNFINISHED})


def repair(found: CheckReport, inspection: Inspection, setting: Setting, curation: Curation) -> CheckReport:
    """What is left after everything was mended that needs no decision; `mended` says what that was."""
    faults = {difference.fault for difference in found.differences} & MENDED
    if Fault.DAMAGED in faults:
        _restore(setting)
    if faults & {Fault.EXPIRED, Fault.RUNS_OUT}:
        refresh(setting, curation)
    if faults & REMOVED:
        _remove(frozenset(d.where for d in found.differences if d.fault in REMOVED), setting, inspection)
    if faults:
        straighten(setting)
    after = fsck(inspection)
    left = {(difference.fault, difference.where) for difference in after.differences}
    return replace(after, mended=tuple(d for d in found.differences if (d.fault, d.where) not in left))


def _restore(setting: Setting) -> None:
    """Hash-named copies from the pointers that still hold their bytes; shards from the records."""
    found = present(setting.store, setting.notary.root, setting.now)
    if found.generation is None:
        return
    for key, target in found.generation.targets.items():
        try:
            body = setting.store.get(key).body
        except NotFoundError:
            continue
        if target.matches(body):
            _put_again(setting.store, layout.by_hash(key, target.sha256), body)
    for subdir in listed_subdirs(found):
        try:
            state = read_states(setting.store, found, (subdir,))[subdir]
        except TrustError:
            continue
        for document in replace(state, touched=frozenset(state.digests)).documents():
            if document.freshness is Freshness.IMMUTABLE:
                _put_again(setting.store, document.key, document.body)


def _put_again(store: ObjectStore, key: str, body: bytes) -> None:
    """`body` under the key that its digest gives, whatever lies there."""
    try:
        store.put(key, body, Freshness.IMMUTABLE, if_match=ABSENT)
    except ConflictError:
        store.put(key, body, Freshness.IMMUTABLE)


def _remove(keys: frozenset[str], setting: Setting, inspection: Inspection) -> None:
    """Delete, as garbage collection does but at once: a publish at work that counts on one of them is told."""
    transaction(setting, partial(_condemned, keys, setting))
    deleted = remove_condemned(setting, inspection.host)
    transaction(setting, partial(carried_out, setting, deleted))


def _condemned(keys: frozenset[str], setting: Setting, before: Present, _: int) -> Proposal:
    states = read_states(setting.store, before, listed_subdirs(before)).values()
    listed = {f"{state.subdir}/{name}" for state in states for name in (*state.records.names, *state.withheld.names)}
    known = collection_of(setting.store, before)
    doomed = {key: since for key, since in known.doomed.items() if key not in keys}
    condemned = known.condemned | {key for key in keys if package_of(key) not in listed}
    return changed_collection(known, replace(known, doomed=doomed, condemned=condemned))
