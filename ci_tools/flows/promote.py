"""Promote: publish the bytes that a pull request has built and tested, where they are what would be built again.

Everything that could have been another's is looked up at the forge: whose pull request, which workflow, which commit,
which bytes. Where something does not hold, the job is built again, and the reason is said.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.core.ci.cells import newest
from ci_tools.core.plan import BuildPlan, BuildReport, Built, Job
from ci_tools.errors import ChannelError
from ci_tools.flows.collect import Fetcher, note, of_run
from ci_tools.ports.forges import RunArtifact

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.ports.forges import Forge, Pull, WorkflowRun

WORKFLOW = "pull-request.yml"
PATH = f".github/workflows/{WORKFLOW}"
# What decides how packages are made: a pull request that changes it has built with something that nobody had merged.
MAKERS = (".github/", "ci_tools/", "channel.yaml", "pyproject.toml", "requirements.lock")
MOST_FILES = 3000  # that GitHub lists; more could hide something
PLAN, REPORT = "plan.json", "build.json"
Read = Callable[[type, bytes, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What the run on the pull request's head planned, and what it left."""

    plan: BuildPlan
    artifacts: Mapping[str, RunArtifact]
    taken: Mapping[str, str]  # job -> the name of its artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """The jobs whose packages are there already, and for each other one why it is built again."""

    jobs: tuple[str, ...] = ()
    again: Mapping[str, str] = field(default_factory=dict)
    pull: int = 0


def promote(plan: BuildPlan, fetcher: Fetcher, read: Read, to: Path) -> Promotion:
    """Fetch what the merged pull request built into `to/<job>`, where it can be published as it is."""
    try:
        found = _origin(fetcher.forge, plan.head)
        if isinstance(found, str):
            return Promotion(again={job.id: found for job in plan.jobs})
        pull, run = found
        artifacts = of_run(fetcher.forge, run)
        body = note(fetcher, artifacts, "plan", PLAN)
        theirs = read(BuildPlan, body, PLAN) if body else None
    except ChannelError as exc:
        return Promotion(again={job.id: str(exc) for job in plan.jobs})
    if not isinstance(theirs, BuildPlan):
        return Promotion(again={job.id: "its run left no plan" for job in plan.jobs}, pull=pull.number)
    taken, _ = newest(artifacts, plan)
    tested = Tested(plan=theirs, artifacts=artifacts, taken=taken)
    reasons = {job.id: _taken(job, tested, fetcher, read, to) for job in plan.jobs}
    _free(plan, reasons, to)
    return Promotion(
        jobs=tuple(job for job, why in reasons.items() if not why),
        again={job: why for job, why in reasons.items() if why},
        pull=pull.number,
    )


def _free(plan: BuildPlan, reasons: dict[str, str], to: Path) -> None:
    """A job that is built again needs what it comes after in the same run: that is built again, too."""
    for job in (job for job in plan.jobs if reasons[job.id]):
        for earlier in (earlier for earlier in job.after if not reasons[earlier]):
            reasons[earlier] = f"job `{job.id}` is built again and comes after it"
            shutil.rmtree(to / earlier)


def _origin(forge: Forge, commit: str) -> tuple[Pull, WorkflowRun] | str:
    """The pull request that became this commit, and the run that tested its head; or why there is none to believe."""
    pull = next((pull for pull in forge.pulls_of(commit) if pull.merge_commit == commit), None)
    if pull is None:
        return "the commit is no merge of a pull request"
    if pull.head_repository != forge.repository:
        return f"pull request {pull.number} is of a fork"
    changed = forge.changed_files(pull.number)
    if len(changed) >= MOST_FILES:
        return f"pull request {pull.number} changes more files than can be looked through"
    if made := next((path for path in changed if path.startswith(MAKERS)), ""):
        return f"pull request {pull.number} changes `{made}`, with which packages are made"
    run = next((run for run in forge.runs(WORKFLOW, pull.head) if _ours(run, pull, forge.repository)), None)
    return (pull, run) if run else f"no finished run of {PATH} on {pull.head[:12]} was found"


def _ours(run: WorkflowRun, pull: Pull, repository: str) -> bool:
    place = (run.path, run.event, run.head) == (PATH, "pull_request", pull.head)
    return place and run.repository == run.head_repository == repository and run.conclusion in {"success", "failure"}


def _taken(job: Job, tested: Tested, fetcher: Fetcher, read: Read, to: Path) -> str:
    """Why the job is to be built again; empty where what its cell left now lies in `to/<job>`."""
    hashes = {(output.subdir, output.filename): output.input_hash for output in tested.plan.outputs()}
    for output in job.outputs:
        found = hashes.get((output.subdir, output.filename))
        if found != output.input_hash:
            return f"{output.filename} was {'not planned there' if found is None else 'made from other inputs'}"
    artifact = tested.artifacts.get(tested.taken.get(job.id, ""))
    if artifact is None:
        return "its cell left nothing, or that has expired"
    folder = to / job.id
    try:
        fetcher.fetch(artifact, folder)
        why = _not_built(job, read(BuildReport, (folder / REPORT).read_bytes(), REPORT))
    except (ChannelError, OSError) as exc:
        why = str(exc)
    if why and folder.exists():
        shutil.rmtree(folder)
    return why


def _not_built(job: Job, report: object) -> str:
    outcomes = report.outcomes if isinstance(report, BuildReport) and report.job == job.id else ()
    built = {(o.subdir, o.filename): o.input_hash for o in outcomes if isinstance(o, Built)}
    missing = [o.filename for o in job.outputs if built.get((o.subdir, o.filename)) != o.input_hash]
    return f"{missing[0]} was not built and tested there" if missing else ""
