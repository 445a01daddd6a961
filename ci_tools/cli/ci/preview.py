"""`channel ci preview` and `channel ci preview-remove`: the installable channel pr/<n> of a pull request."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.adapters.deliveries import deliveries
from ci_tools.cli.ci.comment import REPORT, followed_run
from ci_tools.cli.ci.run_facts import run_facts
from ci_tools.core.ci.comment import PREVIEW_MARKER
from ci_tools.core.ci.preview_text import gone_text, install_text
from ci_tools.core.ci.rehearsal import Rehearsal
from ci_tools.core.generation import Lifetimes
from ci_tools.core.plan import BuildPlan
from ci_tools.flows.collect import Fetcher, collect, note, of_run
from ci_tools.flows.comment import pull_of
from ci_tools.flows.preview import NO_PULL, remove
from ci_tools.flows.preview import preview as published

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig
    from ci_tools.core.receipt import RunReport
    from ci_tools.ports.forges import WorkflowRun

OFF = "there are no previews: channel.yaml has no `preview: {key: …}`"


@click.command("preview")
@click.pass_obj
def preview(run: Run) -> None:
    """Publish what the pull request's run built as the channel pr/<n>, and say on it how to install from there.

    For pull requests of this repository alone, that are open and have not moved on. It replaces what was pushed before.
    """
    if run.config.preview.key is None:
        run.host.say(OFF)
        return
    forge = wiring.forge(run.env)
    followed = followed_run(run, forge)
    if followed.head_repository != forge.repository or followed.event != "pull_request":
        run.host.say("no preview: the run is of a fork, or of no pull request")
        return
    with TemporaryDirectory(prefix="channel-collect-") as scratch:
        _preview(run, followed, wiring.fetcher(run.config, run.env, Path(scratch)))


def _preview(run: Run, followed: WorkflowRun, fetcher: Fetcher) -> None:
    artifacts = of_run(fetcher.forge, followed)
    report, planned = (note(fetcher, artifacts, *kind) for kind in (("preview", REPORT), ("plan", "plan.json")))
    if report is None or planned is None:
        run.host.say("no preview: the run left no plan, or no report")
        return
    number = documents.read(Rehearsal, report, REPORT).pull
    pull = pull_of(fetcher.forge, followed, number)
    if pull is None or not pull.is_open:
        run.host.say(f"no preview: pull request {number} is closed or has moved on")
        return
    plan = documents.read(BuildPlan, planned, "plan.json")
    dist = fetcher.scratch / "dist"
    if not plan.jobs or not collect(fetcher, artifacts, plan, dist):
        run.host.say("no preview: nothing was built")
        return
    with wiring.preview_config(run.config, number, run.env, run.now()) as config:
        done = _published(run, config, plan, dist)
    fetcher.forge.comment(
        number, PREVIEW_MARKER, install_text(config.base_url, run.config.base_url, done, config.preview.keep)
    )
    run.host.summarise(install_text(config.base_url, run.config.base_url, done, config.preview.keep))
    run.host.say(f"{config.base_url} has {len(done.uploaded) + len(done.already_there)} packages")


def _published(run: Run, config: ChannelConfig, plan: BuildPlan, dist: Path) -> RunReport:
    cause = wiring.cause(plan.head, run.env, "preview")
    setting = wiring.setting(config, run.env, cause, run.now(), dry_run=run.dry_run)
    lifetimes = Lifetimes(
        timestamp=config.preview.keep, snapshot=2 * config.preview.keep, targets=2 * config.preview.keep
    )
    setting = replace(setting, notary=replace(setting.notary, lifetimes=lifetimes))
    press = wiring.press(config, run.env, setting, run.host, dry_run=run.dry_run)
    return published(plan, deliveries((dist,)), setting, press, config.preview.largest)


@click.command("preview-remove")
@click.argument("numbers", nargs=-1, type=click.IntRange(min=1))
@click.pass_obj
def preview_remove(run: Run, *, numbers: tuple[int, ...]) -> None:
    """Remove the previews of closed pull requests, and those whose time is over; only NUMBERS where they are given."""
    if run.config.preview.key is None:
        run.host.say(OFF)
        return
    asked = numbers or _closed(run)
    forge = wiring.forge(run.env)
    done = remove(wiring.previews_store(run.config), forge, run.now(), asked)
    for number, why in done.gone:
        run.host.say(f"pr/{number} is removed: {why}")
        if why != NO_PULL and forge.remark(number, PREVIEW_MARKER) is not None:
            forge.comment(number, PREVIEW_MARKER, gone_text(why))
    if not done.gone:
        run.host.say("nothing to remove")


def _closed(run: Run) -> tuple[int, ...]:
    """The pull request of the event; none where it is about no single one, and all are to be looked at."""
    if run.env.get("GITHUB_EVENT_NAME") != "pull_request":
        return ()
    pull = run_facts(run.env).occasion.pull
    return (pull.number,) if pull else ()
