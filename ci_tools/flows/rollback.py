"""Going back: a new generation with the content of an old one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.generation import past_targets
from ci_tools.core.layout import Document, Freshness
from ci_tools.core.receipt import Change, Did
from ci_tools.core.repodata import IndexState
from ci_tools.core.shards import read_shard_index
from ci_tools.errors import NotFoundError, Problem, StoreError, TrustError, UsageError
from ci_tools.flows.history import receipts
from ci_tools.flows.index import READ, listed_subdirs, read_states
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ci_tools.core.generation import TargetFile
    from ci_tools.core.package import Subdir
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore

HISTORY = "`channel index history` lists the generations"
COLLECTED = "it was collected (`channel index gc --keep …`); go back to a younger one"


def rollback(number: int, setting: Setting) -> Commit:
    """A generation that lists what generation `number` did; StoreError where something of it is gone since.

    Files stay: what is listed no more can be published again, or goes with garbage collection.
    """
    return transaction(setting, partial(_decided, number, setting.store))


def _decided(number: int, store: ObjectStore, before: Present, _: int) -> Proposal:
    _require_known(number, store, before)
    if number == before.number:
        return Proposal()
    bodies = _bodies(number, store, before)
    past = {subdir: _state(subdir, bodies) for subdir in listed_subdirs(before)}
    now = read_states(store, before, past)
    unknown = tuple(state for state in past.values() if f"{state.subdir}/{layout.REPODATA}" not in bodies)
    listed = frozenset(_packages(past.values()))
    _require_there(store, listed, past.values(), bodies, number)
    return Proposal(
        documents=(*_documents(bodies, before), *(d for state in unknown for d in state.documents())),
        changes=tuple(change for subdir in past for change in _changes(now[subdir], past[subdir])),
        needs=listed,
    )


def _require_known(number: int, store: ObjectStore, before: Present) -> None:
    known = {receipt.generation for receipt in receipts(store, before)}
    if number not in known:
        raise UsageError(f"the channel never was at a generation {number}", hint=HISTORY)


def _bodies(number: int, store: ObjectStore, before: Present) -> Mapping[str, bytes]:
    """The documents of the old generation, by key; without its receipts, and what is collected stays as it is."""
    try:
        targets = past_targets(before.roots, number, store.get(layout.metadata_key("targets", number)).body)
    except NotFoundError as exc:
        raise StoreError(f"generation {number} cannot be restored", hint=COLLECTED) from exc
    wanted = {k: t for k, t in targets.items() if not layout.receipt_number(k) and k != layout.COLLECTION}
    found = {key: _read(store, key, target) for key, target in wanted.items()}
    gone = [key for key, body in found.items() if body is None]
    if gone:
        raise StoreError(*(Problem(message=f"`{key}` of generation {number} is gone", hint=COLLECTED) for key in gone))
    return {key: body for key, body in found.items() if body is not None}


def _read(store: ObjectStore, key: str, target: TargetFile) -> bytes | None:
    copy = layout.by_hash(key, target.sha256)
    try:
        body = store.get(copy).body
    except NotFoundError:
        return None
    if not target.matches(body):
        raise TrustError(f"`{copy}` is not what its generation lists", hint="do not go back to it")
    return body


def _state(subdir: Subdir, bodies: Mapping[str, bytes]) -> IndexState:
    documents = {name: bodies[f"{subdir}/{name}"] for name in READ if f"{subdir}/{name}" in bodies}
    return IndexState.parse(subdir, documents) if documents else IndexState.empty(subdir)


def _packages(states: Iterable[IndexState]) -> Iterator[str]:
    for state in states:
        yield from (f"{state.subdir}/{name}" for name in {*state.records.names, *state.withheld.names})


def _require_there(
    store: ObjectStore, listed: frozenset[str], states: Collection[IndexState], bodies: Mapping[str, bytes], number: int
) -> None:
    """A client must be able to fetch whatever is listed."""
    there = {head.key for state in states for head in store.list(f"{state.subdir}/")}
    shards = {
        layout.shard_key(state.subdir, digest.hex()) for state in states for digest in _digests(state.subdir, bodies)
    }
    gone = sorted((listed | shards) - there)
    if gone:
        hint = "go back to a generation without it, or bring it back from the bucket's versions"
        raise StoreError(
            *(Problem(message=f"`{key}`, which generation {number} lists, is gone", hint=hint) for key in gone)
        )


def _digests(subdir: Subdir, bodies: Mapping[str, bytes]) -> Iterable[bytes]:
    key = f"{subdir}/{layout.SHARD_INDEX}"
    return read_shard_index(bodies[key], key).values() if key in bodies else ()


def _documents(bodies: Mapping[str, bytes], before: Present) -> Iterator[Document]:
    listed = before.generation.targets if before.generation else {}
    for key, body in bodies.items():
        if key not in listed or not listed[key].matches(body):
            yield Document(key=key, body=body, freshness=Freshness.POINTER)


def _changes(now: IndexState, past: IndexState) -> Iterator[Change]:
    before, after = set(now.records.names), set(past.records.names)
    for name in sorted(before | after):
        key = f"{now.subdir}/{name}"
        if name not in after:
            yield Change(did=Did.WITHDRAWN, key=key)
        elif name not in before:
            yield Change(did=Did.RESTORED, key=key)
        elif now.records.get(name) != past.records.get(name):
            yield Change(did=Did.RECORDED, key=key)
