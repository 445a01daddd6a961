"""`channel build`: build and test what a plan asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.build_text import Builds, builds_text
from ci_tools.cli.stock import stocked
from ci_tools.config import Network
from ci_tools.core.plan import BuildPlan, Built
from ci_tools.errors import BuildError, UsageError
from ci_tools.flows.build import Bench, build
from ci_tools.ports import Workspace

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.command("build")
@click.option("--plan", "plan_path", type=click.Path(path_type=Path), default="plan.json", show_default=True,
              metavar="FILE", help="What `channel plan` wrote")  # fmt: skip
@click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this job of the plan; may be said again")
@click.option("--out", type=click.Path(path_type=Path), default="dist", show_default=True,
              metavar="FOLDER", help="Where each job's packages, logs and build.json go")  # fmt: skip
@click.option("--fetch", is_flag=True,
              help="Only fetch what the builds need of the channel, for a next call that has no token")  # fmt: skip
@click.option("--at-once", type=click.IntRange(1), metavar="N",
              help="How many packages are built side by side [as many as there are processors]")  # fmt: skip
@click.pass_obj
def command(run: Run, plan_path: Path, jobs: tuple[str, ...], out: Path, *, fetch: bool, at_once: int | None) -> None:
    """Build and test what a plan asks for; without --job, every job that this machine can do.

    What an earlier run built from the same inputs is kept. A failure stops only what needs it, and ends with exit 4.
    """
    plan = read_plan(plan_path)
    bench = stocked(run, _bench(run, out.absolute(), at_once), plan, jobs, only=fetch)
    if fetch:
        return
    builds = Builds(jobs=build(plan, jobs, bench))
    run.emit(builds, builds_text)
    outcomes = [outcome for report in builds.jobs for outcome in report.outcomes]
    missing = sum(not isinstance(outcome, Built) for outcome in outcomes)
    if missing:
        raise BuildError(
            f"{missing} of {len(outcomes)} packages were not built", hint=f"the whole logs are in {out}/<job>/logs"
        )


def _bench(run: Run, out: Path, at_once: int | None) -> Bench:
    config = run.config
    workspace = Workspace(
        repository=config.folder, scratch=out / ".work", collected=out,
        channels=config.recipes.upstream, timeout=config.build.timeout.total_seconds(), disk=config.build.disk,
        network=config.build.network is Network.OPEN,
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
