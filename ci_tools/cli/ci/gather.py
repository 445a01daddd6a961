"""`channel ci gather`: what the cells of a matrix left, in the order in which a publish takes it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools.adapters.deliveries import deliveries
from ci_tools.cli.build import read_plan
from ci_tools.core.ci.cells import newest
from ci_tools.core.safe_text import printable
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.plan import BuildPlan

FOLDER = click.Path(path_type=Path)


@click.command("gather")
@click.argument("artifacts", type=FOLDER)
@click.option("--plan", "plan_path", type=FOLDER, default="plan.json", show_default=True, metavar="FILE",
              help="What `channel ci plan` wrote")  # fmt: skip
@click.option("--out", type=FOLDER, default="dist", show_default=True, metavar="FOLDER",
              help="One folder for each job goes here")  # fmt: skip
@click.option("--needed-by", metavar="ID", help="Only what this job of the plan comes after")
@click.pass_obj
def gather(run: Run, *, artifacts: Path, plan_path: Path, out: Path, needed_by: str | None) -> None:
    """Take the last attempt of each job out of ARTIFACTS, where every cell's artifact is a folder of its own.

    An artifact that the plan asked nobody for is left where it is, and said. Nothing in a folder is believed here:
    `channel publish` checks it.
    """
    plan = read_plan(plan_path)
    wanted = _wanted(plan, needed_by)
    folders = {path.name: path for path in artifacts.glob("*") if path.is_dir() and not path.is_symlink()}
    taken, strays = newest(folders, plan)
    for stray in strays:
        run.host.annotate("warning", f"`{printable(stray)}` is not an artifact that the plan asked for: left aside")
    for job, name in ((job, name) for job, name in taken.items() if job in wanted):
        if why := _unreadable(folders[name], job):
            run.host.annotate("error", f"what job `{job}` left cannot be read, and is left aside: {why}")
            continue
        if not run.dry_run:
            _move(folders[name], out / job)
        run.host.say(f"{job}: {name}")
    for missing in (job.id for job in plan.jobs if job.id in wanted and job.id not in taken):
        run.host.annotate("warning", f"job `{missing}` left nothing")
    if not run.dry_run:
        out.mkdir(parents=True, exist_ok=True)


def _wanted(plan: BuildPlan, needed_by: str | None) -> frozenset[str]:
    """All jobs, or those that one comes after."""
    if needed_by is None:
        return frozenset(job.id for job in plan.jobs)
    found = [job for job in plan.jobs if job.id == needed_by]
    if not found:
        raise UsageError(f"the plan has no job `{needed_by}`", hint="look into plan.json")
    return frozenset(found[0].after)


def _unreadable(folder: Path, job: str) -> str:
    """Why it is no delivery of that job; empty where it is. What one cell left must not stop what the others built."""
    try:
        found = deliveries((folder,))
    except (UsageError, OSError) as exc:
        return str(exc)
    if [delivery.report.job for delivery in found] != [job]:
        return "it speaks of another job" if found else "it holds no report"
    return ""


def _move(folder: Path, to: Path) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        if to.exists():
            shutil.rmtree(to)
        shutil.move(folder, to)
    except OSError as exc:
        raise UsageError(f"`{folder}` cannot be moved to `{to}`: {exc.strerror}", hint="name another --out") from exc
