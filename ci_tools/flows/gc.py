"""Collecting garbage: what no kept generation names is doomed first, and deleted in a later run.

Both steps are commits, so that nobody can come to name an object while it is being deleted (`core/collection.py`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core.garbage import garbage
from ci_tools.core.gc_report import Collected, GcReport
from ci_tools.flows.collected import collection_of
from ci_tools.flows.named import named
from ci_tools.flows.present import present
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ci_tools.core.collection import Collection
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Commit, Setting
    from ci_tools.ports import CodeHost, ObjectStore

IN_PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a generation is kept after it was the present one, and how long what is doomed is left alone."""

    keep: timedelta = timedelta(days=30)
    grace: timedelta = timedelta(days=2)


def gc(setting: Setting, terms: Terms, host: CodeHost) -> tuple[GcReport, Commit]:
    """Doom what is garbage since, delete what has been doomed for long enough; and the commit it ended with.

    A run that died while it deleted is completed by the next one.
    """
    sizes: dict[str, int] = {}
    kept: tuple[int, ...] = ()

    def decide(before: Present, _: int) -> Proposal:
        nonlocal kept
        if before.generation is None:  # what lies there is somebody's who is about to publish first
            return Proposal()
        named_now = named(setting.store, before, terms.keep, setting.now)
        kept = named_now.generations
        sizes.clear()
        sizes.update((head.key, head.size) for head in setting.store.list(""))
        return _proposal(setting, before, terms, garbage(sizes, named_now.named))

    commit = transaction(setting, decide)
    deleted = remove_condemned(setting, host)
    after = transaction(setting, partial(carried_out, setting, deleted))
    left = collection_of(setting.store, after.present)
    report = GcReport(
        kept=kept,
        doomed=tuple(
            Collected(key=key, size=sizes.get(key, 0), due=since + terms.grace) for key, since in left.doomed.items()
        ),
        deleted=tuple(Collected(key=key, size=sizes.get(key, 0)) for key in deleted),
    )
    return report, after if after.receipt else commit


def remove_condemned(setting: Setting, host: CodeHost) -> tuple[str, ...]:
    """Delete what the present generation condemns, several at a time."""
    found = present(setting.store, setting.notary.root, setting.now)
    keys = tuple(sorted(collection_of(setting.store, found).condemned))
    with host.progress("delete", len(keys), "objects") as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        # The list is what waits for all of them, and what raises.
        list(pool.map(lambda key: _deleted(setting.store, key, advance), keys))
    return keys


def _deleted(store: ObjectStore, key: str, advance: Callable[[int], None]) -> None:
    store.delete(key)
    advance(1)


def _proposal(setting: Setting, before: Present, terms: Terms, found: Iterable[str]) -> Proposal:
    known = collection_of(setting.store, before)
    return changed_collection(known, known.judged(frozenset(found), setting.now, terms.grace))


def changed_collection(before: Collection, after: Collection) -> Proposal:
    """A proposal that makes `after` the collection; nothing where that is so."""
    return Proposal() if after == before else Proposal(documents=(after.document(),))


def carried_out(setting: Setting, deleted: tuple[str, ...], before: Present, _: int) -> Proposal:
    """A decision that says of condemned objects that they were deleted."""
    known = collection_of(setting.store, before)
    return changed_collection(known, known.carried_out(deleted, setting.now))
