"""`channel ci promote`: take over what the merged pull request built, where it is what would be built again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.build import read_plan
from ci_tools.core.ci.cells import outputs
from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.flows.promote import Promotion, promote

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.plan import BuildPlan

FILE = click.Path(path_type=Path)


@click.command("promote")
@click.option("--plan", "plan_path", type=FILE, default="plan.json", show_default=True, metavar="FILE",
              help="What `channel ci plan` wrote")  # fmt: skip
@click.option("--out", type=FILE, metavar="FOLDER", help="Leave the packages here, a folder for each job [nowhere]")
@click.pass_obj
def promotion(run: Run, *, plan_path: Path, out: Path | None) -> None:
    """Take over what the merged pull request built and tested (`publish: {promote: true}`); say why not, for each job.

    Hands on what is still to be built.
    """
    plan = read_plan(plan_path)
    with TemporaryDirectory(prefix="channel-promote-") as scratch:
        found = _promoted(run, plan, Path(scratch), out or Path(scratch) / "dist")
    for name, value in outputs(plan, without=found.jobs).items():
        run.host.output(name, value)
    for job in found.jobs:
        run.host.say(f"{job}: as pull request {found.pull} built it")
    for job, why in found.again.items():
        run.host.say(f"{job}: built again, for {why}")
    if found.jobs or found.again:
        rows = [(code(job), "promoted") for job in found.jobs]
        rows += [(code(job), f"built again: {cell(why)}") for job, why in found.again.items()]
        run.host.summarise("\n".join(("### What the pull request built\n", *table(("job", ""), rows))))


def _promoted(run: Run, plan: BuildPlan, scratch: Path, out: Path) -> Promotion:
    if not run.config.publish.promote or not plan.jobs:
        run.host.say(
            "nothing is promoted: " + ("nothing is planned" if not plan.jobs else "`publish: {promote: false}`")
        )
        return Promotion()
    return promote(plan, wiring.fetcher(run.config, run.env, scratch), documents.read, out)
