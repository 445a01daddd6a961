"""From built packages to what clients see: check, attest, upload, index, commit, project, invalidate, verify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.curation import Curation
from ci_tools.core.package import Subdir
from ci_tools.core.receipt import Fault, Refused, RunReport
from ci_tools.core.sidecar import Attestations
from ci_tools.flows.check import Desk, check, independent, name_of
from ci_tools.flows.confirm import confirm
from ci_tools.flows.index import NOTHING, index, read_states
from ci_tools.flows.invalidate import invalidate
from ci_tools.flows.present import present
from ci_tools.flows.project import project
from ci_tools.flows.upload import Arrival, Attester, Dock, Placed, upload
from ci_tools.ports import ChannelSource, CodeHost, Edge, PackageReader

if TYPE_CHECKING:
    from ci_tools.core.handover import Candidate, Delivery
    from ci_tools.core.package import PackageRecord
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.repodata import IndexState
    from ci_tools.flows.transaction import Setting


class What(StrEnum):
    """What is published of a run in which something was refused (`publish: {what: …}`)."""

    ALL = "all"  # nothing, unless everything that was planned is there
    PASSED = "passed"  # everything that does not depend on what was refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What a publish works with besides its setting."""

    subdirs: tuple[Subdir, ...]
    what: What
    attester: Attester
    attestations: Attestations  # what clients judge by: the exported trusted root
    source: ChannelSource  # where clients read what is written here
    reader: PackageReader
    edge: Edge
    host: CodeHost
    elapsed: Callable[[], float]  # seconds since the run began
    curation: Curation = NOTHING


def publish(plan: BuildPlan, deliveries: Iterable[Delivery], setting: Setting, press: Press) -> RunReport:
    """Publish what the plan asked for and the jobs delivered; safe to run again at any point, by anybody, at once.

    What is refused is in the report with its reason; it raises only where the run cannot go on.
    """
    before = present(setting.store, setting.notary.root, setting.now)
    states = read_states(setting.store, before, {output.subdir for output in plan.outputs()})
    with press.host.group("check"):
        candidates, refused = check(plan, deliveries, Desk(reader=press.reader, host=press.host), states)
    if (refused or plan.refusals) and press.what is What.ALL:
        return _report(press, refused=refused + tuple(_held_back(c) for c in candidates))
    with press.host.group("sign and upload"):
        dock = Dock(
            store=setting.store, attester=press.attester, reader=press.reader, indexed=_indexed(candidates, states)
        )
        results = upload(candidates, dock, press.host)
    placed, refused = _sorted_out(results, refused)
    with press.host.group("index"):
        commit = index(placed, press.subdirs, replace(setting, known=before), press.curation)
        projected = project(setting, commit.present.generation) if commit.present.generation else ()
    report = _report(press, refused=refused, placed=placed, projected=projected)
    report = replace(report, receipt=commit.receipt, invalidated=invalidate(press.edge, projected))
    if commit.receipt:
        confirm(press.source, setting, press.attestations, commit.receipt, press.host)
    return report


def _sorted_out(
    results: Iterable[Placed[Candidate] | Refused], refused: tuple[Refused, ...]
) -> tuple[tuple[Placed[Candidate], ...], tuple[Refused, ...]]:
    outcomes = tuple(results)
    refused += tuple(r for r in outcomes if isinstance(r, Refused))
    placed = {name_of(p.candidate): p for p in outcomes if isinstance(p, Placed)}
    free, refused = independent(tuple(p.candidate for p in placed.values()), refused)
    return tuple(placed[name_of(c)] for c in free), refused


def _held_back(candidate: Candidate) -> Refused:
    because = "something else of the plan was refused (`publish: {what: all}`)"
    return Refused(what=name_of(candidate), because=because, fault=Fault.WAITS)


def _indexed(candidates: Iterable[Candidate], states: Mapping[Subdir, IndexState]) -> Mapping[str, PackageRecord]:
    """Key -> record of those candidates whose file names are taken in the index."""
    artifacts = (c.artifact for c in candidates)
    found = ((layout.package_key(a.subdir, a.filename), states[a.subdir].promised(a.filename)) for a in artifacts)
    return {key: record for key, record in found if record}


def _report(
    press: Press,
    *,
    refused: tuple[Refused, ...],
    placed: tuple[Placed[Candidate], ...] = (),
    projected: tuple[str, ...] = (),
) -> RunReport:
    by_arrival = {arrival: tuple(name_of(p.candidate) for p in placed if p.arrival is arrival) for arrival in Arrival}
    return RunReport(
        receipt=None,
        uploaded=by_arrival[Arrival.UPLOADED],
        already_there=by_arrival[Arrival.ALREADY_THERE],
        adopted=by_arrival[Arrival.ADOPTED],
        refused=refused,
        projected=projected,
        seconds=press.elapsed(),
    )
