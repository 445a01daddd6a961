"""`channel ci rehearse`: what a merge would publish of what a pull request has built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.adapters.deliveries import deliveries
from ci_tools.cli.build import read_plan
from ci_tools.cli.ci.run_facts import run_facts
from ci_tools.cli.plan import write_file
from ci_tools.cli.reading import TOKEN, channel_token
from ci_tools.core.ci.comment import comment, headline
from ci_tools.core.keyset import PublicName
from ci_tools.core.repodata import IndexState
from ci_tools.errors import RemoteError, StoreError, UsageError
from ci_tools.flows.check import Desk
from ci_tools.flows.rehearse import Audience, indexed, rehearse, subdirs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.cli.run import Run
    from ci_tools.core.handover import Delivery
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan

FILE = click.Path(path_type=Path)


@click.command("rehearse")
@click.argument("dist", type=FILE)
@click.option("--plan", "plan_path", type=FILE, default="plan.json", show_default=True, metavar="FILE",
              help="What `channel ci plan` wrote")  # fmt: skip
@click.option("--out", type=FILE, default="preview.json", show_default=True, metavar="FILE", help="Write it here")
@click.pass_obj
def rehearsal(run: Run, *, dist: Path, plan_path: Path, out: Path) -> None:
    """Say what a merge would publish of DIST, what it would replace and refuse, and how repodata would differ.

    The packages are opened and checked as a publish does it; nothing is signed, and nothing written but preview.json.
    """
    plan = read_plan(plan_path)
    states, unknown = _states(run, plan)
    desk = Desk(reader=wiring.package_reader(run.config), host=run.host)
    found = rehearse(plan, _deliveries(dist), states, desk, audience=_audience(run, plan), unknown=unknown)
    if not run.dry_run:
        write_file(out, documents.write(found))
    run.host.summarise(comment(found, _run_url(run.env)))
    for objection in found.objections:
        run.host.annotate("warning", f"{objection.what} {objection.because}", path=objection.path)
    run.host.say(headline(found))
    run.emit(found, lambda _: "")


def _states(run: Run, plan: BuildPlan) -> tuple[Mapping[Subdir, IndexState], str]:
    root = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    nothing = {subdir: IndexState.empty(subdir) for subdir in subdirs_of(plan)}
    if root is None:
        return nothing, ""
    token = channel_token(run)
    try:
        (opened,) = wiring.readable_stores(run.config, token)
        return indexed(opened(), root, plan, run.now()), ""
    except (StoreError, RemoteError) as exc:
        return nothing, str(exc) if token else f"{TOKEN} is not set (a fork has none)"


def _deliveries(dist: Path) -> tuple[Delivery, ...]:
    """Whatever is there; a folder that cannot be read is what a job did not deliver."""
    found: list[Delivery] = []
    for folder in sorted(dist.glob("*")):
        try:
            found.extend(deliveries((folder,)))
        except UsageError:
            continue
    return tuple(found)


def _audience(run: Run, plan: BuildPlan) -> Audience:
    pull = run_facts(run.env).occasion.pull
    return Audience(pull=pull.number, head=pull.head) if pull else Audience(pull=0, head=plan.head)


def _run_url(env: Mapping[str, str]) -> str:
    place = env.get("GITHUB_SERVER_URL") or "https://github.com"
    return f"{place}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{env.get('GITHUB_RUN_ID', '')}"
