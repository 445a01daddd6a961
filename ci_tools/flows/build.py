"""Build the outputs of a plan's jobs, in order; a failure stops only what needs what failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.package import Subdir
from ci_tools.core.plan import Aborted, BuildReport, Built, Failed
from ci_tools.core.recipe import Recipe
from ci_tools.errors import UsageError
from ci_tools.ports import BuildBackend, CodeHost, Outbox, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ci_tools.core.package import Filename
    from ci_tools.core.plan import BuildPlan, Job, Outcome, PlannedOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and with what is built. `workspace` is the outbox's own: every job works in a folder of its name in it."""

    machine: Subdir  # what this machine can build for, besides noarch
    backends: tuple[BuildBackend, ...]
    workspace: Workspace
    outbox: Outbox
    host: CodeHost
    unread: str = ""  # why the channel's own packages cannot be had here; empty where they can


def build(plan: BuildPlan, job_ids: Sequence[str], bench: Bench) -> tuple[BuildReport, ...]:
    """A report for each job, in the plan's order; without ids, for every job that this machine can do.

    Outputs that an earlier run built from the same inputs are kept. Raises UsageError for a job that the plan does
    not have or that another machine must do, before anything is built.
    """
    jobs = _chosen(plan, job_ids, bench)
    bench.outbox.begin(plan)
    total = sum(len(job.outputs) for job in jobs)
    with bench.host.progress("building", total, "packages") as done:
        return tuple(_job(job, bench, done) for job in jobs)


def _chosen(plan: BuildPlan, job_ids: Sequence[str], bench: Bench) -> tuple[Job, ...]:
    if unknown := sorted(set(job_ids) - {job.id for job in plan.jobs}):
        raise UsageError(*(f"the plan has no job `{name}`" for name in unknown), hint=_has(plan))
    jobs = tuple(job for job in plan.jobs if job.id in job_ids or not job_ids)
    elsewhere = [job for job in jobs if job.subdir != bench.machine]
    if job_ids and elsewhere:
        raise UsageError(
            *(f"job `{job.id}` builds on {job.subdir}, this machine is {bench.machine}" for job in elsewhere),
            hint="run it on such a machine; without --job, what this one can do is built",
        )
    for job in elsewhere:
        bench.host.say(f"left out: job `{job.id}` builds on {job.subdir}, this machine is {bench.machine}")
    return tuple(job for job in jobs if job not in elsewhere)


def _has(plan: BuildPlan) -> str:
    return "it has " + (", ".join(job.id for job in plan.jobs) or "no jobs: there is nothing to build")


def _job(job: Job, bench: Bench, done: Callable[[int], None]) -> BuildReport:
    kept = {built.filename: built for built in bench.outbox.kept(job)}
    outcomes: list[Outcome] = []
    bench.outbox.save(_report(job, outcomes))
    for output in job.outputs:
        with bench.host.group(f"{output.filename} ({output.subdir})"):
            outcomes.append(_outcome(output, job, bench, outcomes, kept))
            _tell(outcomes[-1], kept, bench.host, output)
        bench.outbox.save(_report(job, outcomes))
        done(1)
    return _report(job, outcomes)


def _report(job: Job, outcomes: Sequence[Outcome]) -> BuildReport:
    """The report as it stands: what was not reached yet counts as aborted, in case we do not live to reach it."""
    rest = job.outputs[len(outcomes) :]
    unreached = (
        Aborted(filename=o.filename, subdir=o.subdir, prerequisite="", because="the run ended before it") for o in rest
    )
    return BuildReport(job=job.id, outcomes=(*outcomes, *unreached))


def _outcome(
    output: PlannedOutput, job: Job, bench: Bench, before: Sequence[Outcome], kept: Mapping[Filename, Built]
) -> Outcome:
    outcomes = {str(outcome.filename): outcome for outcome in before}
    required = [outcomes[name] for name in output.requires if name in outcomes]
    for outcome in required:
        if not isinstance(outcome, Built):
            return _aborted(output, outcome)
    # Built against something that was built anew, it would be built anew as well.
    if output.filename in kept and all(kept.get(outcome.filename) == outcome for outcome in required):
        return kept[output.filename]
    if output.draws_on and bench.unread:
        return _out_of_reach(output, bench.unread)
    return _built(output, job, bench)


def _aborted(output: PlannedOutput, missing: Failed | Aborted) -> Aborted:
    """Names what failed first, not what merely waited for it."""
    if isinstance(missing, Aborted):
        return replace(missing, filename=output.filename, subdir=output.subdir)
    root = str(missing.filename)
    because = f"it needs `{root}`, which failed"
    return Aborted(filename=output.filename, subdir=output.subdir, prerequisite=root, because=because)


def _out_of_reach(output: PlannedOutput, unread: str) -> Aborted:
    named = " and ".join(f"`{name}`" for name in output.draws_on)
    because = f"it needs {named} of the channel, which cannot be read here: {unread}"
    return Aborted(filename=output.filename, subdir=output.subdir, prerequisite=output.draws_on[0], because=because)


def _built(output: PlannedOutput, job: Job, bench: Bench) -> Built | Failed:
    name = output.recipe.rpartition("/")[2]
    recipe = Recipe(name=name, directory=output.recipe, file="", dialect=output.dialect)
    workspace = replace(
        bench.workspace, scratch=bench.workspace.scratch / job.id, collected=bench.workspace.collected / job.id
    )
    for backend in bench.backends:
        if backend.claims(recipe):
            return backend.build(output, job.subdir, workspace)
    because = f"no back end here builds the dialect {output.dialect}"
    return Failed(filename=output.filename, subdir=output.subdir, because=because, log="", tail="", seconds=0.0)


def _tell(outcome: Outcome, kept: Mapping[Filename, Built], host: CodeHost, output: PlannedOutput) -> None:
    match outcome:
        case Built() if outcome is kept.get(outcome.filename):
            host.say(f"{outcome.filename} is kept: an earlier run built it from the same inputs")
        case Built():
            host.say(f"{outcome.filename}: {outcome.size} bytes, sha256 {outcome.sha256}")
        case Failed():
            host.say(outcome.tail)
            host.annotate("error", f"{outcome.filename} failed: {outcome.because}", path=output.file)
        case Aborted():
            host.annotate("warning", f"{outcome.filename} was not tried: {outcome.because}", path=output.file)
        case _ as never:
            assert_never(never)
