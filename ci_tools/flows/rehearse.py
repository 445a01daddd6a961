"""Rehearse: what a publish of these packages would do to the channel, without a key and without a right to write.

It is decided by what `publish` itself decides with: the check of what jobs hand over, and the index as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.ci.rehearsal import LONGEST, Expected, Rehearsal, expected, objections
from ci_tools.core.receipt import Fault, Refused
from ci_tools.flows.check import Desk, check, independent, name_of
from ci_tools.flows.index import read_states
from ci_tools.flows.present import present

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ci_tools.core.handover import Candidate, Delivery
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.repodata import IndexState
    from ci_tools.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom it is rehearsed: the pull request (0 for none) and its head."""

    pull: int
    head: str


def rehearse(
    plan: BuildPlan,
    deliveries: Iterable[Delivery],
    states: Mapping[Subdir, IndexState],
    desk: Desk,
    *,
    audience: Audience,
    unknown: str = "",
) -> Rehearsal:
    """What a merge would publish of this, and what not; `states` are empty where the channel is `unknown`."""
    candidates, refused = check(plan, deliveries, desk, states)
    broken = tuple(r for c in candidates if (r := _promise(c, states[c.artifact.subdir])))
    free, refused = independent(_without(candidates, broken), refused + broken)
    return Rehearsal(
        pull=audience.pull,
        head=audience.head,
        channel=plan.channel,
        generation=plan.generation,
        expected=tuple(_expected(c, states[c.artifact.subdir]) for c in free)[:LONGEST],
        objections=objections(plan, refused),
        skipped=len(plan.skips),
        unknown=unknown,
    )


def indexed(
    store: ObjectStore, root: bytes, plan: BuildPlan, now: datetime
) -> Mapping[Subdir, IndexState]:  # fmt: skip
    """What the channel lists now in the subdirs of the plan."""
    return read_states(store, present(store, root, now), subdirs_of(plan))


def subdirs_of(plan: BuildPlan) -> set[Subdir]:
    """The subdirs that the plan's packages belong to."""
    return {output.subdir for output in plan.outputs()}


def _promise(candidate: Candidate, state: IndexState) -> Refused | None:
    """A refusal where the file name is published with other bytes."""
    record = state.record(candidate.artifact.filename)
    if record is None or record.sha256 == candidate.artifact.record.sha256:
        return None
    because, hint = "is already published with different bytes", "bump the build number"
    return Refused(what=name_of(candidate), because=because, hint=hint, fault=Fault.PROMISE)


def _without(candidates: Iterable[Candidate], refused: Iterable[Refused]) -> tuple[Candidate, ...]:
    names = {refusal.what for refusal in refused}
    return tuple(c for c in candidates if name_of(c) not in names)


def _expected(candidate: Candidate, state: IndexState) -> Expected:
    files = state.files_of(candidate.artifact.record.name)
    own = layout.package_key(candidate.artifact.subdir, candidate.artifact.filename)
    others = (state.record(f) for f in files if layout.package_key(state.subdir, f) != own)
    return expected(candidate, tuple(record for record in others if record))
