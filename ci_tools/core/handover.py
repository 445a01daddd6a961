"""What a build job hands over, and whether it is what the plan asked for: nothing is trusted because it is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.package import Artifact, Filename
from ci_tools.core.plan import Aborted, BuildPlan, BuildReport, Built, Failed, PlannedOutput
from ci_tools.core.receipt import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


AGAIN = "the next publish tries it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One job's folder. `packages` are the package files that lie in it, POSIX paths relative to `root`, no links."""

    root: Path
    report: BuildReport
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A package that the plan asked for and a job says it built; not opened yet."""

    planned: PlannedOutput
    built: Built
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A package that was opened and is what the plan asked for."""

    planned: PlannedOutput
    built: Built
    artifact: Artifact


def offers(plan: BuildPlan, deliveries: Iterable[Delivery]) -> tuple[tuple[Offer, ...], tuple[Refused, ...]]:
    """What was asked for and delivered, and everything else with the reason; both in order of file names."""
    planned = {job.id: {str(output.filename): output for output in job.outputs} for job in plan.jobs}
    found: dict[str, Offer] = {}
    refused: list[Refused] = []
    for delivery in deliveries:
        asked = planned.get(delivery.report.job)
        if asked is None:
            refused.append(Refused(what=delivery.report.job, because="the plan has no such job"))
            continue
        for offer in _delivered(delivery, asked):
            known = found.get(offer.what if isinstance(offer, Refused) else str(offer.built.filename))
            if isinstance(offer, Refused):
                refused.append(offer)
            elif known and known.built.sha256 != offer.built.sha256:
                refused.append(Refused(what=str(offer.built.filename), because="two jobs delivered different bytes"))
            else:
                found[str(offer.built.filename)] = offer
    refused += _silent(plan, {d.report.job for d in deliveries})
    return tuple(found[name] for name in sorted(found)), tuple(sorted(refused, key=lambda r: (r.what, r.because)))


def _delivered(delivery: Delivery, asked: Mapping[str, PlannedOutput]) -> Iterable[Offer | Refused]:
    named = set()
    for outcome in delivery.report.outcomes:
        output = asked.get(str(outcome.filename))
        if isinstance(outcome, Built):
            named.add(outcome.path)
        yield _judged(outcome, output, delivery)
    for stray in sorted(set(delivery.packages) - named):
        yield Refused(what=stray, because="the job's report does not name it")


def _judged(outcome: Built | Failed | Aborted, output: PlannedOutput | None, delivery: Delivery) -> Offer | Refused:
    what = str(outcome.filename)
    if isinstance(outcome, Failed | Aborted):
        return Refused(what=what, because=outcome.because, hint=AGAIN)
    if output is None:
        return Refused(what=what, because=f"the plan did not ask job `{delivery.report.job}` for it")
    if outcome.subdir != output.subdir:
        return Refused(what=what, because=f"it is for {outcome.subdir}, the plan asked for {output.subdir}")
    if outcome.input_hash != output.input_hash:
        return Refused(what=what, because="it was built from other inputs than the plan was made from")
    if outcome.path not in delivery.packages:
        return Refused(what=what, because=f"the job did not deliver `{outcome.path}`")
    return Offer(planned=output, built=outcome, path=delivery.root / outcome.path)


def _silent(plan: BuildPlan, heard: set[str]) -> list[Refused]:
    return [
        Refused(what=str(output.filename), because=f"job `{job.id}` delivered nothing", hint=AGAIN)
        for job in plan.jobs
        if job.id not in heard
        for output in job.outputs
    ]


def candidate(offer: Offer, artifact: Artifact) -> Candidate | Refused:
    """The offer with its package opened, or what is wrong with it."""
    record = artifact.record
    if (record.sha256, record.size) != (offer.built.sha256, offer.built.size):
        return Refused(what=str(artifact.filename), because="its bytes are not those that the build job reported")
    if artifact.filename != offer.planned.filename or record.subdir != offer.planned.subdir:
        return Refused(what=str(artifact.filename), because=f"the plan asked for {offer.planned.filename}")
    if record.build_number != offer.planned.build_number:
        because = f"the plan asked for build number {offer.planned.build_number}"
        return Refused(what=str(artifact.filename), because=because)
    return Candidate(planned=offer.planned, built=offer.built, artifact=artifact)


def trespass(candidate: Candidate, owners: Mapping[str, str]) -> Refused | None:
    """A refusal where the package's name belongs to another recipe. `owners`: package name -> recipe directory."""
    owner = owners.get(candidate.artifact.record.name, candidate.planned.recipe)
    if owner == candidate.planned.recipe:
        return None
    return Refused(
        what=str(candidate.artifact.filename),
        because=f"the name belongs to `{owner}`",
        hint="a renamed recipe takes its packages' names along only when the old one is gone from the channel",
    )


def depending(refused: Iterable[Refused], candidates: Iterable[Candidate]) -> Mapping[Filename, str]:
    """Candidates that must wait because something they require was refused: file name -> what it waits for."""
    gone = {refusal.what for refusal in refused}
    waiting: dict[Filename, str] = {}
    pending = list(candidates)
    while True:
        hit = next((c for c in pending if gone.intersection(c.planned.requires)), None)
        if hit is None:
            return waiting
        waiting[hit.planned.filename] = min(gone.intersection(hit.planned.requires))
        gone.add(str(hit.planned.filename))
        pending.remove(hit)
