"""`channel build`: build and test what a plan asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.build_plan import plan_of_changes, plan_of_recipe
from ci_tools.cli.build_text import Builds, builds_text
from ci_tools.cli.stock import stocked
from ci_tools.config import Network
from ci_tools.core.plan import Aborted, BuildPlan, Built, Failed
from ci_tools.errors import BuildError, UsageError
from ci_tools.flows.build import Bench, build
from ci_tools.ports import Workspace

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.command("build")
@click.argument("recipe", required=False)
@click.option("--plan", "plan_path", type=click.Path(path_type=Path), default=None, metavar="FILE",
              help="What `channel plan` wrote [plan.json]")  # fmt: skip
@click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this job of the plan; may be said again")
@click.option("--all-changed", is_flag=True, help="Build what a pull request of this branch would")
@click.option("--base", metavar="REF", default="", help="With --all-changed: what it would be for [the main branch]")
@click.option("--out", type=click.Path(path_type=Path), default="dist", show_default=True,
              metavar="FOLDER", help="Where each job's packages, logs and build.json go")  # fmt: skip
@click.option("--fetch", is_flag=True,
              help="Only fetch what the builds need of the channel, for a next call that has no token")  # fmt: skip
@click.option("--at-once", type=click.IntRange(1), metavar="N",
              help="How many packages are built side by side [as many as there are processors]")  # fmt: skip
@click.option("--keep", is_flag=True, help="Keep the folder that a package was built in, also where it went well")
@click.option("--shell", is_flag=True, help="Where a build fails, open a shell in its environment")
@click.pass_obj
def command(
    run: Run, *, recipe: str | None, plan_path: Path | None, jobs: tuple[str, ...], all_changed: bool, base: str,
    out: Path, fetch: bool, at_once: int | None, keep: bool, shell: bool,
) -> None:  # fmt: skip
    """Build and test what a plan asks for; without --job, every job that this machine can do.

    With the name of a RECIPE, that one alone and what it needs of this repository: as CI would, whether it is
    published or not. What an earlier run built from the same inputs is kept. A failure stops only what needs it, and
    ends with exit 4.
    """
    _require_one(recipe, plan_path, jobs, all_changed=all_changed)
    if recipe:
        plan = plan_of_recipe(run, recipe)
    else:
        plan = plan_of_changes(run, base) if all_changed else read_plan(plan_path or Path("plan.json"))
    bench = stocked(run, _bench(run, out.absolute(), at_once, keep=keep), plan, jobs, only=fetch)
    if fetch:
        return
    builds = Builds(jobs=build(plan, jobs, bench))
    run.emit(builds, builds_text)
    if keep or shell:
        _after(run, builds, plan, bench, shell=shell)
    outcomes = [outcome for report in builds.jobs for outcome in report.outcomes]
    missing = sum(not isinstance(outcome, Built) for outcome in outcomes)
    if missing:
        raise BuildError(
            f"{missing} of {len(outcomes)} packages were not built", hint=f"the whole logs are in {out}/<job>/logs"
        )


def _require_one(recipe: str | None, plan: Path | None, jobs: tuple[str, ...], *, all_changed: bool) -> None:
    if sum((bool(recipe), all_changed, bool(plan or jobs))) > 1:
        raise UsageError("a RECIPE, --all-changed and --plan with --job exclude each other", hint="choose one")


def _after(run: Run, builds: Builds, plan: BuildPlan, bench: Bench, *, shell: bool) -> None:
    """Say where the outputs were built, and enter the first one that failed."""
    jobs = {job.id: job for job in plan.jobs}
    for report in builds.jobs:
        place = replace(bench.workspace, scratch=bench.workspace.scratch / jobs[report.job].scratch)
        for output, outcome in zip(jobs[report.job].outputs, report.outcomes, strict=True):
            if not isinstance(outcome, Aborted) and (folder := wiring.work_folder(output, place)).is_dir():
                run.host.say(f"{outcome.filename} was built in {folder}")
            if shell and isinstance(outcome, Failed):
                run.host.say(f"a shell in the environment of {outcome.filename}; leave it with `exit`")
                if not wiring.enter(output, place, run.env):
                    run.host.say("its script was never begun: there is no environment to enter")
                return


def _bench(run: Run, out: Path, at_once: int | None, *, keep: bool) -> Bench:
    config = run.config
    workspace = Workspace(
        repository=config.folder, scratch=out / ".work", collected=out,
        channels=config.recipes.upstream, timeout=config.build.timeout.total_seconds(), disk=config.build.disk,
        network=config.build.network is Network.OPEN, keep=keep,
    )  # fmt: skip
    return Bench(
        machine=wiring.machine(), backends=wiring.backends(config, run.env), workspace=workspace,
        outbox=wiring.outbox(out), host=run.host, at_once=at_once or wiring.processors(),
    )  # fmt: skip


def read_plan(path: Path) -> BuildPlan:
    """The plan in the file at `path`."""
    try:
        body = path.read_bytes()
    except OSError as exc:
        raise UsageError(
            f"there is no plan at `{path}`", hint=f"make one: channel plan --out {path}", detail=str(exc)
        ) from exc
    return documents.read(BuildPlan, body, str(path))
