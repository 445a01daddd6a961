"""Bringing packages of another channel into this one: each checked against its record, attested, indexed at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_tools.core.importing import Imported, ImportPlan, ImportRequest, Matches, Offered, plan_import
from ci_tools.core.package import Artifact, Imprint, PackageRecord, Subdir
from ci_tools.core.receipt import Fault, Refused, RunReport
from ci_tools.errors import NotFoundError, PackageError, RemoteError, TrustError
from ci_tools.flows.confirm import confirm
from ci_tools.flows.foreign import foreign_state, require_some
from ci_tools.flows.index import index, listed_subdirs, read_states
from ci_tools.flows.present import present
from ci_tools.flows.settle import settle
from ci_tools.flows.upload import SHA256, Arrival, Dock, Placed, place
from ci_tools.ports import ChannelSource

if TYPE_CHECKING:
    from ci_tools.flows.publish import Press
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore

IN_PARALLEL = 8
TRIES = 3
AGAIN = "run the same command again: what is here already is not fetched again"
Outcome = Placed[Imported] | Refused
ALTERED = "its bytes are not those of its record: it was altered, or broke off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where packages come from, and which subdirs of it are looked at."""

    source: ChannelSource
    subdirs: tuple[Subdir, ...]


def choose(origin: Origin, request: ImportRequest, matches: Matches, setting: Setting) -> ImportPlan:
    """What of `origin` would be brought; StoreError where it is no channel."""
    found = {subdir: foreign_state(origin.source, subdir) for subdir in origin.subdirs}
    there = {subdir: state for subdir, state in found.items() if state is not None}
    require_some(there, origin.source.url)
    before = present(setting.store, setting.notary.root, setting.now)
    here = read_states(setting.store, before, {*listed_subdirs(before), *there})
    return plan_import(origin.source.url, there.values(), here, request, matches)


def import_channel(plan: ImportPlan, origin: Origin, setting: Setting, press: Press) -> RunReport:
    """Bring what the plan wants; safe to run again at any point.

    What cannot be brought is in the report with its reason, and the rest comes nevertheless, in one generation.
    """
    dock = Dock(store=setting.store, attester=press.attester, reader=press.reader, indexed={})
    bringing = _Bringing(origin=origin.source, dock=dock, pause=setting.pause)
    progress = press.host.progress("import", plan.size, "B")
    with progress as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        results = tuple(pool.map(lambda offer: _told(bringing.bring(offer), offer, advance), plan.wanted))
    placed = tuple(result for result in results if isinstance(result, Placed))
    refused = (*plan.refused, *(result for result in results if isinstance(result, Refused)))
    commit = index(placed, press.subdirs, setting, press.curation)
    report = settle(commit, setting, press.edge, refused)
    if commit.receipt:
        confirm(press.source, setting, press.attestations, commit.receipt, press.host)
    arrived = {a: tuple(_key(p) for p in placed if p.arrival is a) for a in Arrival}
    return replace(
        report,
        uploaded=arrived[Arrival.UPLOADED],
        already_there=(*plan.already, *arrived[Arrival.ALREADY_THERE]),
        adopted=arrived[Arrival.ADOPTED],
        seconds=press.elapsed(),
    )


def _told(result: Outcome, offer: Offered, advance: Callable[[int], None]) -> Outcome:
    advance(offer.record.size)
    return result


def _key(placed: Placed[Imported]) -> str:
    return f"{placed.candidate.artifact.subdir}/{placed.candidate.artifact.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bringing:
    """What bringing one package needs."""

    origin: ChannelSource
    dock: Dock
    pause: Callable[[int], None]

    def bring(self, offer: Offered) -> Outcome:
        """The package, in the store with its sidecar; or why not."""
        try:
            artifact = self._here(offer) or self._fetched(offer)
            try:
                return place(Imported(artifact=artifact, source=self.origin.url), self.dock)
            finally:
                self.dock.reader.discard(artifact)
        except (PackageError, TrustError) as exc:
            return Refused(what=offer.key, because=str(exc), hint=exc.problems[0].hint)
        except NotFoundError:
            return Refused(what=offer.key, because="is listed there, and is not there")
        except RemoteError as exc:
            return Refused(what=offer.key, because=str(exc), hint=AGAIN, fault=Fault.WAITS)

    def _here(self, offer: Offered) -> Artifact | None:
        """What a run that died has brought already: only the part that speaks of it is read."""
        record, store = offer.record, self.dock.store
        try:
            head = store.head(offer.key)
        except NotFoundError:
            return None
        if not (record.sha256 and record.md5) or head.metadata.get(SHA256) != record.sha256:
            return None
        if head.size != record.size:
            return None
        imprint = Imprint(size=record.size, md5=record.md5, sha256=record.sha256)
        fetch = _fetching(store, offer.key)
        return self.dock.reader.glance(fetch, offer.filename, record.subdir, imprint)

    def _fetched(self, offer: Offered) -> Artifact:
        for attempt in range(TRIES):
            try:
                artifact = self.dock.reader.receive(self.origin.stream(offer.key), offer.filename, offer.record.subdir)
            except RemoteError:
                if attempt + 1 == TRIES:
                    raise
                self.pause(attempt)
                continue
            if not _is_same(artifact.record, offer.record):
                self.dock.reader.discard(artifact)
                raise TrustError(f"`{offer.key}`: {ALTERED}", hint="look at the other channel; it was not brought")
            return artifact
        raise AssertionError("unreachable")


def _fetching(store: ObjectStore, key: str) -> Callable[[int, int], bytes]:
    return lambda start, stop: b"".join(store.stream(key, start, stop))


def _is_same(found: PackageRecord, said: PackageRecord) -> bool:
    """Every digest and the size that the record names must be those of the bytes."""
    pairs = ((found.sha256, said.sha256), (found.md5, said.md5), (found.size, said.size))
    return all(have == want for have, want in pairs if want)
