"""`channel ci comment`: the result of a pull request's run as one comment and one check."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.ci.run_facts import run_facts
from ci_tools.core.ci.rehearsal import Rehearsal
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.comment import comment as said

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.ports.forges import Forge, RunArtifact, WorkflowRun

REPORT = "preview.json"
LARGEST_REPORT = 4 << 20  # bytes, packed and unpacked


@click.command("comment")
@click.pass_obj
def comment(run: Run) -> None:
    """Say the result of the run that this one follows on its pull request, in one comment, and as a check.

    The report that it left is read as a stranger's: bounded, parsed strictly, and its pull request looked up.
    """
    forge = wiring.forge(run.env)
    followed = followed_run(run, forge)
    place = run.env.get("GITHUB_SERVER_URL") or "https://github.com"
    url = f"{place}/{forge.repository}/actions/runs/{followed.id}"
    done = said(forge, followed, partial(_report, forge), url)
    run.host.say(f"pull request {done.pull}: {done.because}" if done.pull else f"nothing to say: {done.because}")


def followed_run(run: Run, forge: Forge) -> WorkflowRun:
    """The run that the event is about, as the forge knows it."""
    about = run_facts(run.env).payload.get("workflow_run")
    number = about.get("id") if isinstance(about, dict) else None
    if type(number) is not int:
        raise UsageError("the event is about no run", hint="this verb follows another workflow: `on: workflow_run`")
    return forge.run(number)


def _report(forge: Forge, artifact: RunArtifact) -> Rehearsal:
    from ci_tools.adapters.artifact_zip import unpacked

    with TemporaryDirectory(prefix="channel-report-") as scratch:
        archive, folder = Path(scratch) / "report.zip", Path(scratch) / "report"
        forge.download(artifact, archive, LARGEST_REPORT)
        files = unpacked(archive, folder, LARGEST_REPORT)
        if files != (folder / REPORT,):
            raise TrustError(f"the report is not one file `{REPORT}`", hint="look at its run")
        return documents.read(Rehearsal, files[0].read_bytes(), REPORT)
