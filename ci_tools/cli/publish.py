"""`channel publish`: what the build jobs made, into the channel, in one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.adapters.deliveries import deliveries
from ci_tools.cli.publish_text import publish_text, writes_text
from ci_tools.core.plan import BuildPlan
from ci_tools.core.receipt import Fault
from ci_tools.errors import BuildError, ChannelError, Problem, StoreError, TrustError, UsageError
from ci_tools.flows.probe import probe
from ci_tools.flows.publish import publish
from ci_tools.flows.report import report

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.receipt import RunReport
    from ci_tools.flows.transaction import Setting

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
FILE = click.Path(path_type=Path)

# What a refusal means for the exit code; the first of these that occurs decides.
FAULTS: tuple[tuple[Fault, type[ChannelError]], ...] = (
    (Fault.HANDOVER, TrustError),
    (Fault.PROMISE, StoreError),
    (Fault.BUILD, BuildError),
    (Fault.WAITS, BuildError),
)


@click.command("publish")
@click.option(
    "--plan", "plan_file", type=FILE, metavar="FILE", required=True, help="The plan that the jobs carried out"
)
@click.argument("dist", nargs=-1, type=FOLDER)
@click.pass_obj
def command(run: Run, plan_file: Path, dist: tuple[Path, ...]) -> None:
    """Check, sign, upload and index what lies in DIST…, the folders that `channel build` wrote.

    It becomes true at one conditional write; a run that died is completed by the next. What was refused is listed with
    its reason, and the exit code says what kind it is: 4 not built, 5 not what was asked for, 6 a broken promise.
    """
    plan = documents.read(BuildPlan, _read(plan_file), str(plan_file))
    _require_same_channel(plan, run)
    cause = wiring.cause(plan.head, run.env)
    setting = wiring.setting(run.config, run.env, cause, run.now(), dry_run=run.dry_run)
    probe(setting.store, repr(run.config.store))
    press = wiring.press(run.config, run.env, setting, run.host, dry_run=run.dry_run)
    done = publish(plan, deliveries(dist), setting, press)
    report(done, run.host)
    run.emit(done, lambda value: publish_text(value) + _rehearsed(setting))
    _require_all(done)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(
            f"`{path}` cannot be read: {exc.strerror}", hint="make it with `channel plan --out FILE`"
        ) from exc


def _require_same_channel(plan: BuildPlan, run: Run) -> None:
    if plan.channel != run.config.base_url:
        raise UsageError(
            f"the plan was made for {plan.channel}, and this is {run.config.base_url}",
            hint="make the plan again with this channel.yaml",
        )


def _rehearsed(setting: Setting) -> str:
    """What a dry run would have written; empty where it was none."""
    written = getattr(setting.store, "written", None)
    return "" if written is None else writes_text(written)


def _require_all(done: RunReport) -> None:
    """Exit as the gravest refusal says, after everything that could be published was."""
    problems = tuple(Problem(message=f"`{r.what}` {r.because}", hint=r.hint) for r in done.refused)
    for fault, error in FAULTS:
        if any(refusal.fault is fault for refusal in done.refused):
            raise error(*problems)
