"""The commit: what a decision proposes becomes true at one conditional write, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ci_tools import documents
from ci_tools.core import layout
from ci_tools.core.generation import Generation, Lifetimes, TargetFile, held_generation, next_generation
from ci_tools.core.layout import Document, Freshness
from ci_tools.core.receipt import Cause, Change, Published, Receipt
from ci_tools.errors import ConflictError, StoreError, TrustError
from ci_tools.flows.collected import free_of_collection
from ci_tools.flows.present import Present, present, still_present
from ci_tools.ports import ABSENT, ObjectStore, Signer

TRIES = 30
SKEW = timedelta(minutes=5)  # two publishers' clocks may be so far apart
KEPT_RECEIPTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a decision wants to be true: the index documents that differ from the present, and what they bring in.

    `documents` holds pointers under the names clients know, and immutables that they refer to (shards). `needs` are
    the packages that are listed from now on and were not before, by key. `renew` asks for a generation though nothing
    differs: its signatures are new.
    """

    documents: tuple[Document, ...] = ()
    published: tuple[Published, ...] = ()
    changes: tuple[Change, ...] = ()
    needs: frozenset[str] = frozenset()
    renew: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it asks for a generation."""
        return bool(self.documents) or self.renew


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """Who makes generations true: the pinned root (1.root.json), the online key, and how long each role lasts."""

    root: bytes
    online: Signer
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one run is: its store, its notary, its cause, the moment it began, and how it waits before a further try."""

    store: ObjectStore
    notary: Notary
    cause: Cause
    now: datetime
    pause: Callable[[int], None]
    known: Present | None = None  # what was seen earlier in the run


Decision = Callable[[Present, int], Proposal]
Immutable = tuple[str, bytes, Freshness]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """How a transaction ended: the present after it, and the receipt where it made a generation."""

    present: Present
    receipt: Receipt | None


def transaction(setting: Setting, decide: Decision) -> Commit:
    """Make what `decide` proposes for the present true, whoever else commits meanwhile.

    `decide(present, number)` is asked again for every new present; it proposes nothing where nothing is to be done.
    Raises StoreError when others were faster `TRIES` times in a row.
    """
    number = 0
    for attempt in range(TRIES):
        before = still_present(setting.store, setting.known, setting.notary.root, setting.now)
        _require_later(setting.now, before.generation)
        number = max(number, before.number + 1)
        proposal = decide(before, number)
        if not proposal.wanted:
            return Commit(present=before, receipt=None)
        if before.generation is None:
            _pinned(setting)
        laid = tuple(_immutable(document) for document in proposal.documents)
        if not free_of_collection(setting.store, before, proposal.needs, (key for key, _, _ in laid)):
            setting.pause(attempt)  # it will be gone in a moment, and can be written anew
            continue
        receipt = _receipt(setting, before, number, proposal)
        metadata = _prepared(setting, before, receipt, proposal)
        # The post-condition, before anything is irreversible: what we signed holds under the pinned root.
        generation = held_generation(before.root, metadata[-1].body, metadata[1].body, metadata[0].body)
        if not _laid(setting.store, laid, receipt, metadata[:-1]):
            number += 1  # left behind by a crash, or somebody else is about to commit it
        elif _committed(setting, before, receipt, metadata[-1]):
            after = replace(before, generation=generation, timestamp=metadata[-1].body, etag=None, states={})
            return Commit(present=after, receipt=receipt)
        setting.pause(attempt)
    raise StoreError(
        f"{TRIES} commits in a row were overtaken by other publishers",
        hint="what was uploaded stays; run the same command again when fewer publishers are at work",
    )


def _require_later(now: datetime, present: Generation | None) -> None:
    """Refuse to follow a generation of the future: one of the two clocks is wrong."""
    if present is not None and present.issued is not None and now < present.issued - SKEW:
        raise TrustError(
            f"the present generation says it was signed at {present.issued:%Y-%m-%d %H:%M:%S} UTC, and here it is "
            f"{now:%Y-%m-%d %H:%M:%S} UTC",
            hint="set this machine's clock; if it is right, the other publisher's is not. Nothing was published",
        )


def _pinned(setting: Setting) -> None:
    """A new channel serves the root that its clients pin; one that is there is not ours to change."""
    try:
        setting.store.put(layout.FIRST_ROOT, setting.notary.root, Freshness.IMMUTABLE, if_match=ABSENT)
    except ConflictError as exc:
        raise TrustError(
            f"the store holds another `{layout.FIRST_ROOT}` than the one that is pinned here",
            hint="it is another channel's prefix, or `trust: {public: …}` names another channel's folder",
        ) from exc


def _receipt(setting: Setting, before: Present, number: int, proposal: Proposal) -> Receipt:
    parent = before.generation.targets.get(layout.receipt_key(before.number)) if before.generation else None
    return Receipt(
        generation=number,
        parent=before.number,
        parent_sha256=parent.sha256 if parent else "",
        cause=setting.cause,
        published=proposal.published,
        changes=proposal.changes,
        at=setting.now.replace(microsecond=0),
    )


def _prepared(setting: Setting, before: Present, receipt: Receipt, proposal: Proposal) -> tuple[Document, ...]:
    kept = before.generation.targets.items() if before.generation else ()
    targets = {key: target for key, target in kept if not _long_ago(key, receipt.generation)}
    targets |= {d.key: TargetFile.of(d.body) for d in proposal.documents if d.freshness is not Freshness.IMMUTABLE}
    targets[layout.receipt_key(receipt.generation)] = TargetFile.of(documents.write(receipt))
    notary = setting.notary
    return next_generation(
        before.generation, receipt.generation, targets, notary.online, setting.now, lifetimes=notary.lifetimes
    )


def _long_ago(key: str, generation: int) -> bool:
    """An old receipt: the chain of receipts still leads to it, the targets must not grow for ever."""
    return 0 < layout.receipt_number(key) <= generation - KEPT_RECEIPTS


def _laid(
    store: ObjectStore, immutables: Iterable[Immutable], receipt: Receipt, metadata: tuple[Document, ...]
) -> bool:
    """Everything immutable, written before the commit; False where the number is taken."""
    for immutable in immutables:
        store.put(*immutable, if_match=ABSENT)
    body = documents.write(receipt)
    key = layout.receipt_key(receipt.generation)
    try:
        store.put(key, body, Freshness.IMMUTABLE, if_match=ABSENT)
        store.put(layout.by_hash(key, layout.sha256(body)), body, Freshness.IMMUTABLE, if_match=ABSENT)
        for document in metadata:
            store.put(document.key, document.body, document.freshness, if_match=ABSENT)
    except ConflictError:
        return False
    return True


def _immutable(document: Document) -> Immutable:
    pointer = document.freshness is not Freshness.IMMUTABLE
    key = layout.by_hash(document.key, layout.sha256(document.body)) if pointer else document.key
    return key, document.body, Freshness.IMMUTABLE


def _committed(setting: Setting, before: Present, receipt: Receipt, timestamp: Document) -> bool:
    try:
        setting.store.put(timestamp.key, timestamp.body, Freshness.COMMIT, if_match=before.etag or ABSENT)
    except ConflictError:
        # The answer to our write may have been lost, and somebody may have built on it since.
        after = present(setting.store, setting.notary.root, setting.now)
        return after.generation is not None and _holds(after.generation, receipt)
    return True


def _holds(generation: Generation, receipt: Receipt) -> bool:
    return generation.targets.get(layout.receipt_key(receipt.generation)) == TargetFile.of(documents.write(receipt))
