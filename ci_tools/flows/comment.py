"""Comment: the result of a pull request's run where its people look. The run's artifact is data of a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.ci import comment as text
from ci_tools.core.ci.cells import attempt_of
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.ports.forges import Annotation, Check, Pull, WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.core.ci.rehearsal import Rehearsal
    from ci_tools.ports.forges import Forge, RunArtifact

CHECK = "channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """Where it was said, and what; 0 where the run was for no pull request, or for one that has moved on."""

    pull: int
    because: str


def comment(
    forge: Forge, run: WorkflowRun, read: Callable[[RunArtifact], Rehearsal], run_url: str
) -> Commented:  # fmt: skip
    """Bring the one comment and the check after the run. `read` downloads and parses the report, strictly.

    TrustError where the report names a pull request that the run was not for.
    """
    if run.event != "pull_request":
        return Commented(pull=0, because=f"the run was for the event {run.event}, which has no pull request")
    found = report_of(forge, run)
    if found is None:
        return _without_report(forge, run, run_url)
    rehearsal = read(found)
    pull = pull_of(forge, run, rehearsal.pull)
    if pull is None:
        return Commented(pull=0, because=f"pull request {rehearsal.pull} has moved on since that run")
    forge.comment(pull.number, text.MARKER, text.comment(rehearsal, run_url))
    forge.check(_check(rehearsal, run, run_url))
    return Commented(pull=pull.number, because=text.headline(rehearsal))


def report_of(forge: Forge, run: WorkflowRun, kind: str = "preview") -> RunArtifact | None:
    """The run's artifact of that kind, of its last attempt."""
    found = [a for a in forge.artifacts(run.id) if attempt_of(a.name, kind) and not a.expired]
    return max(found, key=lambda a: attempt_of(a.name, kind), default=None)


def pull_of(forge: Forge, run: WorkflowRun, number: int) -> Pull | None:
    """The pull request that the run was for; None where its head has moved on since.

    A report is written by code of the pull request, so the number in it is a claim: it holds where that pull request's
    head comes from the repository of the run, and is the commit that GitHub ran it on.
    """
    try:
        pull = forge.pull(number)
    except NotFoundError as exc:
        raise TrustError(f"the report names pull request {number}, and there is none", hint="look at its run") from exc
    if pull.head_repository != run.head_repository:
        what = f"the report names pull request {number}, whose head is in another repository than the run's"
        raise TrustError(what, hint="somebody has made it up: look at the run")
    if pull.head == run.head:
        return pull
    if any(other.number == number for other in forge.pulls_of(run.head)):
        return None
    what = f"the report names pull request {number}, which the run was not for"
    raise TrustError(what, hint="somebody has made it up: look at the run")


def _without_report(forge: Forge, run: WorkflowRun, run_url: str) -> Commented:
    body = text.without_report(run_url, run.conclusion)
    pulls = [p for p in forge.pulls_of(run.head) if p.head == run.head and p.head_repository == run.head_repository]
    for pull in pulls:
        forge.comment(pull.number, text.MARKER, body)
    return Commented(pull=pulls[0].number if pulls else 0, because="the run left no report")


def _check(rehearsal: Rehearsal, run: WorkflowRun, run_url: str) -> Check:
    marks = tuple(
        Annotation(
            path=o.path, line=1, level="failure", message=f"{o.what} {o.because}" + (f"\n{o.hint}" if o.hint else "")
        )
        for o in rehearsal.objections
        if o.path
    )
    return Check(
        name=CHECK,
        head=run.head,
        conclusion="failure" if rehearsal.objections else "success",
        title=text.headline(rehearsal),
        summary=text.comment(rehearsal, run_url),
        annotations=marks,
    )
