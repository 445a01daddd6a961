"""How far a job is: what is decided, what runs, and what can be started next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ci_tools.core.plan import Aborted, BuildReport, Built, Failed, Job, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.plan import PlannedOutput


@dataclass(slots=True, kw_only=True)
class Board:
    """One job's outputs by their place in it. `kept` are those that an earlier run built from the same inputs.

    `unread` is why the channel's own packages cannot be had here; empty where they can. `undelivered`: planned files of
    the jobs that this one comes after, which are not here, each with its job.
    """

    job: Job
    kept: Mapping[int, Built]
    unread: str = ""
    undelivered: Mapping[str, str] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)

    def report(self) -> BuildReport:
        """What was not reached yet counts as aborted, in case we do not live to reach it."""
        unreached = (
            Aborted(filename=o.filename, subdir=o.subdir, prerequisite="", because="the run ended before it")
            for o in self.job.outputs
        )
        return BuildReport(
            job=self.job.id, outcomes=tuple(self.outcomes.get(at, rest) for at, rest in enumerate(unreached))
        )  # fmt: skip

    def settled(self) -> Iterator[tuple[int, Outcome]]:
        """What is decided without building anything, in the job's order, noted as it is told."""
        for at, output in enumerate(self.job.outputs):
            if at not in self.outcomes and at not in self.running and (outcome := self._verdict(at, output)):
                self.outcomes[at] = outcome
                yield at, outcome

    def startable(self) -> Iterator[int]:
        """What can be built now, in the job's order. A recipe's outputs are built one after the other."""
        busy = {self.job.outputs[at].recipe for at in self.running}
        for at, output in enumerate(self.job.outputs):
            is_open = at not in self.outcomes and at not in self.running
            if is_open and output.recipe not in busy and len(self._required(output)) == len(self._needs(output)):
                busy.add(output.recipe)
                yield at

    def _needs(self, output: PlannedOutput) -> list[int]:
        return [at for at, other in enumerate(self.job.outputs) if str(other.filename) in output.requires]

    def _required(self, output: PlannedOutput) -> list[tuple[int, Outcome]]:
        """The outcomes, as far as there are any, of what the output comes after."""
        return [(at, self.outcomes[at]) for at in self._needs(output) if at in self.outcomes]

    def _verdict(self, at: int, output: PlannedOutput) -> Outcome | None:
        if missing := next((name for name in output.requires if name in self.undelivered), ""):
            return _undelivered(output, missing, self.undelivered[missing])
        required = self._required(output)
        for place, outcome in required:
            if not isinstance(outcome, Built):
                return _aborted(output, outcome, str(self.job.outputs[place].filename))
        if len(required) < len(self._needs(output)):
            return None
        # Built against something that was built anew, it would be built anew as well.
        if at in self.kept and all(self.kept.get(place) == outcome for place, outcome in required):
            return self.kept[at]
        return _out_of_reach(output, self.unread) if output.draws_on and self.unread else None


def _aborted(output: PlannedOutput, missing: Failed | Aborted, name: str) -> Aborted:
    """Names what failed first, not what merely waited for it."""
    if isinstance(missing, Aborted):
        return replace(missing, filename=output.filename, subdir=output.subdir)
    because = f"it needs `{name}`, which failed"
    return Aborted(filename=output.filename, subdir=output.subdir, prerequisite=name, because=because)


def _undelivered(output: PlannedOutput, name: str, job: str) -> Aborted:
    because = f"it needs `{name}` of job `{job}`, which has not delivered it here"
    return Aborted(filename=output.filename, subdir=output.subdir, prerequisite=name, because=because)


def _out_of_reach(output: PlannedOutput, unread: str) -> Aborted:
    named = " and ".join(f"`{name}`" for name in output.draws_on)
    because = f"it needs {named} of the channel, which cannot be read here: {unread}"
    return Aborted(filename=output.filename, subdir=output.subdir, prerequisite=output.draws_on[0], because=because)
