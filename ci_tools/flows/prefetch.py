"""Prefetch: what the planned builds may need of the channel, verified, into a folder that they can resolve against."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.provisions import provisions
from ci_tools.core.repodata import IndexState
from ci_tools.errors import NotFoundError, RemoteError, StoreError, TrustError
from ci_tools.flows.follow import follow
from ci_tools.flows.present import RESTORE, present
from ci_tools.ports import ChannelSource, ObjectStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_tools.core.generation import Generation
    from ci_tools.core.package import PackageRecord
    from ci_tools.ports import CodeHost, Pantry

IN_PARALLEL = 8
READ = (layout.REPODATA_ZST, layout.RUN_EXPORTS_ZST)  # what a state of records and run_exports is read from
AGAIN = "try again in a minute; `channel plan` makes the plan anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What to fetch: packages by name, for builds on `machine`, of a generation that is not older than the plan's."""

    names: tuple[str, ...]
    machine: Subdir
    generation: int
    root: bytes  # the pinned one
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """A way to read the channel; with a `store`, as its owner, who may have let the generation grow old."""

    source: ChannelSource
    store: ObjectStore | None = None


def prefetch(
    errand: Errand, supplies: Sequence[Callable[[], Supply]], pantry: Pantry, host: CodeHost
) -> tuple[str, ...]:
    """Fill the pantry by the first supply that can be opened and read; why not, for each, where none can.

    TrustError where the channel can be read and does not hold.
    """
    reasons: list[str] = []
    for opened in supplies:
        try:
            _fill(errand, opened(), pantry, host)
        except (StoreError, RemoteError) as exc:
            reasons.append(str(exc))
        else:
            return ()
    return tuple(reasons)


def _fill(errand: Errand, supply: Supply, pantry: Pantry, host: CodeHost) -> None:
    generation = _generation(errand, supply)
    subdirs = (errand.machine, Subdir.NOARCH)
    states = provisions(errand.names, tuple(_state(supply.source, generation, subdir) for subdir in subdirs))
    records = {layout.package_key(s.subdir, f): r for s in states for f in s.filenames if (r := s.record(f))}
    missing = {key: record for key, record in records.items() if not pantry.has(key, record.sha256)}
    total = sum(record.size for record in missing.values())
    with host.progress("fetch", total, "B") as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        # The list is what waits for all of them, and what raises.
        list(pool.map(lambda item: _fetched(supply.source, item, pantry, advance), missing.items()))
    pantry.settle(dict(map(_repodata, states)), records)


def _generation(errand: Errand, supply: Supply) -> Generation | None:
    """The present generation; None where nothing was published yet."""
    if supply.store is not None:
        found = present(supply.store, errand.root, errand.now).generation
    else:
        found = follow(supply.source, errand.root, errand.now).generation
    number = found.number if found else 0
    if number < errand.generation:
        what = f"{supply.source.url} is at generation {number}, and the plan was made from {errand.generation}"
        raise RemoteError(what, hint=AGAIN)
    return found


def _state(source: ChannelSource, generation: Generation | None, subdir: Subdir) -> IndexState:
    if generation is None or f"{subdir}/{layout.REPODATA_ZST}" not in generation.targets:
        return IndexState.empty(subdir)
    listed = (name for name in READ if f"{subdir}/{name}" in generation.targets)
    return IndexState.parse(subdir, {name: _document(source, generation, f"{subdir}/{name}") for name in listed})


def _document(source: ChannelSource, generation: Generation, key: str) -> bytes:
    target = generation.targets[key]
    copy = layout.by_hash(key, target.sha256)
    try:
        body = source.read(copy, target.length)
    except NotFoundError as exc:
        raise TrustError(f"`{copy}` is gone, though the generation lists it", hint=RESTORE) from exc
    if not target.matches(body):
        raise TrustError(f"`{copy}` is not what the generation lists", hint=RESTORE)
    return body


def _fetched(
    source: ChannelSource, item: tuple[str, PackageRecord], pantry: Pantry, advance: Callable[[int], None]
) -> None:  # fmt: skip
    key, record = item
    try:
        pantry.take(key, source.stream(key), record.sha256)
    except NotFoundError as exc:
        raise TrustError(f"`{key}` is gone, though it is indexed", hint=RESTORE) from exc
    advance(record.size)


def _repodata(state: IndexState) -> tuple[str, bytes]:
    key = f"{state.subdir}/{layout.REPODATA}"
    return key, next(document.body for document in state.documents() if document.key == key)
