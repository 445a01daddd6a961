"""What a build job hands over, and whether it is what the plan asked for: nothing is trusted because it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.expected import fits, is_what_was_asked
from ci_tools.core.mistakes import under_one_umbrella
from ci_tools.core.package import Artifact, Filename, Subdir
from ci_tools.core.plan import Aborted, BuildPlan, BuildReport, Built, Failed, PlannedOutput, Role
from ci_tools.core.receipt import Fault, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable


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

    @property
    def input_hash(self) -> str:
        """Of what it was made from."""
        return self.planned.input_hash

    @property
    def recipe(self) -> str:
        """The directory of the recipe that made it."""
        return self.planned.recipe

    @property
    def backend(self) -> str:
        """What built it."""
        return self.built.backend

    @property
    def seconds(self) -> float:
        """How long that took."""
        return self.built.seconds

    @property
    def source(self) -> str:
        """The other channel that it comes from: none."""
        return ""


def offers(plan: BuildPlan, deliveries: Iterable[Delivery]) -> tuple[tuple[Offer, ...], tuple[Refused, ...]]:
    """What was asked for and delivered, and everything else with the reason; both in order of subdir and file name."""
    asked = {job.id: {(o.subdir, o.filename): o for o in job.outputs} for job in plan.jobs}
    heard = tuple(deliveries)
    found: dict[tuple[Subdir, Filename], Offer] = {}
    refused = list(_silent(plan, {delivery.report.job for delivery in heard}))
    for offer in (offer for delivery in heard for offer in _delivered(delivery, asked.get(delivery.report.job))):
        if offer is None:
            continue
        if isinstance(offer, Refused):
            refused.append(offer)
        elif found.setdefault(_place(offer), offer).built.sha256 != offer.built.sha256:
            refused.append(Refused(what=_what(offer.planned), because="two jobs delivered different bytes"))
    return tuple(found[place] for place in sorted(found)), tuple(sorted(refused, key=lambda r: (r.what, r.because)))


def _place(offer: Offer) -> tuple[Subdir, Filename]:
    return offer.planned.subdir, offer.planned.filename


def _what(named: PlannedOutput | Built | Failed | Aborted) -> str:
    return f"{named.subdir}/{named.filename}"


Asked = Mapping[tuple[Subdir, Filename], PlannedOutput]


def _delivered(delivery: Delivery, asked: Asked | None) -> Iterable[Offer | Refused | None]:
    if asked is None:
        yield Refused(what=delivery.report.job, because="the plan has no such job")
        return
    for outcome in delivery.report.outcomes:
        yield _judged(outcome, _asked_for(outcome, asked), delivery)
    named = {outcome.path for outcome in delivery.report.outcomes if isinstance(outcome, Built)}
    for stray in sorted(set(delivery.packages) - named):
        yield Refused(what=stray, because="the job's report does not name it")


def _asked_for(outcome: Built | Failed | Aborted, asked: Asked) -> PlannedOutput | None:
    """The planned output that it is about; the plan may have left its build string open."""
    exact = asked.get((outcome.subdir, outcome.filename))
    if exact or not isinstance(outcome, Built):
        return exact
    fitting = [o for o in asked.values() if o.subdir == outcome.subdir and fits(o, outcome.filename)]
    return next((o for o in fitting if is_what_was_asked(o, outcome)), next(iter(fitting), None))


def _judged(
    outcome: Built | Failed | Aborted, output: PlannedOutput | None, delivery: Delivery
) -> Offer | Refused | None:  # fmt: skip
    """An offer, or why it is none; nothing where nothing was to be published and nothing is amiss."""
    what = _what(outcome)
    if output is None:
        return Refused(what=what, because=f"the plan did not ask job `{delivery.report.job}` for it")
    if output.role is not Role.SHIP:
        return _unshipped(outcome, output)
    if isinstance(outcome, Failed | Aborted):
        return Refused(what=what, because=outcome.because, hint=AGAIN, fault=Fault.BUILD)
    if outcome.input_hash != output.input_hash:
        return Refused(what=what, because="it was built from other inputs than the plan was made from")
    if outcome.path not in delivery.packages:
        return Refused(what=what, because=f"the job did not deliver `{outcome.path}`")
    return Offer(planned=output, built=outcome, path=delivery.root / outcome.path)


def _unshipped(outcome: Built | Failed | Aborted, output: PlannedOutput) -> Refused | None:
    """A dependent that fails with what changed is told; for scaffolding, what needed it tells."""
    if isinstance(outcome, Built) or output.role is Role.SCAFFOLD:
        return None
    because = f"it {output.because}, and does not pass with it: {outcome.because}"
    return Refused(what=_what(outcome), because=because, fault=Fault.BUILD)


def _silent(plan: BuildPlan, heard: set[str]) -> Iterable[Refused]:
    for job in plan.jobs:
        if job.id not in heard:
            because = f"job `{job.id}` delivered nothing"
            yield from (
                Refused(what=_what(o), because=because, hint=AGAIN, fault=Fault.BUILD)
                for o in job.outputs
                if o.role is Role.SHIP
            )


def candidate(offer: Offer, artifact: Artifact) -> Candidate | Refused:
    """The offer with its package opened, or what is wrong with it."""
    record, planned, what = artifact.record, offer.planned, _what(offer.planned)
    if (record.sha256, record.size) != (offer.built.sha256, offer.built.size):
        return Refused(what=what, because="its bytes are not those that the build job reported")
    if artifact.filename != offer.built.filename or record.subdir != planned.subdir:
        return Refused(what=what, because=f"it is {record.subdir}/{artifact.filename}")
    if record.build_number != planned.build_number:
        return Refused(what=what, because=f"its build number is {record.build_number}, not {planned.build_number}")
    return Candidate(planned=planned, built=offer.built, artifact=artifact)


def trespass(candidate: Candidate, owners: Mapping[str, str]) -> Refused | None:
    """A refusal where the package's name belongs to another recipe. `owners`: package name -> recipe directory."""
    name = candidate.artifact.record.name
    owner = owners.get(name, candidate.planned.recipe)
    if owner == candidate.planned.recipe or under_one_umbrella(name, [owner, candidate.planned.recipe]):
        return None
    return Refused(
        what=_what(candidate.planned),
        because=f"the name belongs to `{owner}`",
        hint="a renamed recipe takes its packages' names along only when the old one is gone from the channel",
        fault=Fault.PROMISE,
    )


def depending(refused: Iterable[Refused], candidates: Iterable[Candidate]) -> tuple[Refused, ...]:
    """Candidates that must wait because something that they require was refused, each naming what it waits for."""
    gone = {refusal.what.rpartition("/")[2] for refusal in refused}  # `requires` holds file names
    waiting: list[Refused] = []
    pending = list(candidates)
    while hit := next((c for c in pending if gone.intersection(c.planned.requires)), None):
        because = f"needs {min(gone.intersection(hit.planned.requires))}, which is not published"
        waiting.append(Refused(what=_what(hit.planned), because=because, fault=Fault.WAITS))
        gone.add(str(hit.planned.filename))
        pending.remove(hit)
    return tuple(waiting)
