"""Preview: the installable channel of one pull request. Each push replaces it, as the next generation of its chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.plan import BuildPlan, Built
from ci_tools.core.receipt import Fault, Refused, RunReport
from ci_tools.core.tuf_metadata import stated_expiry
from ci_tools.errors import NotFoundError
from ci_tools.flows.index import read_states
from ci_tools.flows.publish import Press, publish
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ci_tools.core.handover import Delivery
    from ci_tools.core.package import Filename, Subdir
    from ci_tools.core.repodata import IndexState
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore
    from ci_tools.ports.forges import Forge


NO_PULL = "it has no pull request"


def preview(plan: BuildPlan, deliveries: Sequence[Delivery], setting: Setting, press: Press, largest: int) -> RunReport:
    """Let the preview hold exactly what the pull request built last.

    Where that is more than `largest` bytes, nothing is published, and the report says so.
    """
    built = {(o.subdir, o.filename): o for d in deliveries for o in d.report.outcomes if isinstance(o, Built)}
    size = sum(outcome.size for outcome in built.values())
    if size > largest:
        because = f"the packages are {size} bytes, and a preview may have {largest}"
        refused = (Refused(what="preview", because=because, hint="`preview: {largest: …}`", fault=Fault.WAITS),)
        return RunReport(receipt=None, refused=refused, seconds=press.elapsed())
    _clear(setting, {place: outcome.sha256 for place, outcome in built.items()}, press.subdirs)
    return publish(plan, deliveries, setting, press)


def _clear(setting: Setting, kept: Mapping[tuple[Subdir, Filename], str], subdirs: tuple[Subdir, ...]) -> None:
    """Take out of the index, and then away, what was pushed before and is not, or is other bytes, now."""
    doomed: set[str] = set()

    def decide(before: Present, _: int) -> Proposal:
        doomed.clear()
        if before.generation is None:
            return Proposal()
        states = read_states(setting.store, before, subdirs)
        stale = {subdir: tuple(_stale(state, kept)) for subdir, state in states.items()}
        doomed.update(layout.package_key(subdir, f) for subdir, files in stale.items() for f in files)
        after = [states[subdir].without(files) for subdir, files in stale.items() if files]
        return Proposal(documents=tuple(document for state in after for document in state.documents()))

    transaction(setting, decide)
    for key in sorted(doomed):
        for head in list(setting.store.list(key)):
            if head.key == key or head.key.startswith(f"{key}.sigs"):
                setting.store.delete(head.key)


def _stale(state: IndexState, kept: Mapping[tuple[Subdir, Filename], str]) -> Iterator[Filename]:
    for filename in state.filenames:
        record = state.record(filename)
        if record is None or kept.get((state.subdir, filename)) != record.sha256:
            yield filename


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """Which previews are gone now, and which stay, with the reason for each."""

    gone: tuple[tuple[int, str], ...]
    kept: tuple[int, ...]


def remove(store: ObjectStore, forge: Forge, now: datetime, numbers: Iterable[int] = ()) -> Removed:
    """Remove the previews in `store` whose pull request is closed, or whose time is over; only `numbers` if given."""
    gone: list[tuple[int, str]] = []
    kept: list[int] = []
    wanted = set(numbers)
    there: dict[int, list[str]] = {}
    for head in store.list(""):
        name = head.key.partition("/")[0]
        if name.isdigit() and (not wanted or int(name) in wanted):
            there.setdefault(int(name), []).append(head.key)
    for number, keys in sorted(there.items()):
        why = _over(store, forge, number, now)
        if not why:
            kept.append(number)
            continue
        # The commit point first: from then on nobody is told of what is being taken away.
        for key in sorted(keys, key=lambda key: (not key.endswith(layout.TIMESTAMP), key)):
            store.delete(key)
        gone.append((number, why))
    return Removed(gone=tuple(gone), kept=tuple(kept))


def _over(store: ObjectStore, forge: Forge, number: int, now: datetime) -> str:
    try:
        if not forge.pull(number).is_open:
            return "its pull request is closed"
    except NotFoundError:
        return NO_PULL
    try:
        until = stated_expiry(store.get(f"{number}/{layout.TIMESTAMP}").body)
    except NotFoundError:
        return "it was left half removed"
    return "its time is over" if until <= now else ""
