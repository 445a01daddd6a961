"""`channel index`: what the channel holds, whether it is whole, and what keeps it so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.index_text import check_text, diff_text, done_text, gc_text, history_text, status_text
from ci_tools.cli.writing import pinned_root, rehearsed, setting_of
from ci_tools.core.generation import Lifetimes
from ci_tools.core.quantities import counted, duration
from ci_tools.errors import DifferenceError, Problem, StoreError, UsageError
from ci_tools.flows.compact import compact
from ci_tools.flows.fsck import Inspection, fsck
from ci_tools.flows.gc import Terms, gc
from ci_tools.flows.history import history
from ci_tools.flows.preview_curation import preview_curation
from ci_tools.flows.rebuild import rebuild
from ci_tools.flows.refresh import refresh
from ci_tools.flows.repair import repair
from ci_tools.flows.rollback import rollback
from ci_tools.flows.second_opinion import accept, second_opinion
from ci_tools.flows.settle import settle
from ci_tools.flows.status import status

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ci_tools.cli.run import Run
    from ci_tools.core.fsck import CheckReport
    from ci_tools.flows.transaction import Commit, Setting


def lifetime(_ctx: click.Context, _param: click.Parameter, value: str) -> timedelta:
    """An option's duration."""
    try:
        return duration(value)
    except ValueError as exc:
        raise click.BadParameter(f"`{value}` is {exc}; write for example 30d or 12h") from exc


AS_WANTED = "nothing to do: the index is as the repository wants it"
KEEP = click.option(
    "--keep", callback=lifetime, default="30d", show_default=True, metavar="DURATION",
    help="How long a generation is kept after another followed it",
)  # fmt: skip


@click.group("index")
def command() -> None:
    """Look at the index of the channel, and look after it."""


@command.command("status")
@click.pass_obj
def index_status(run: Run) -> None:
    """Say which generation is true, what it holds, until when it is signed, and whether its pointers are written."""
    root = pinned_root(run)
    found = status(wiring.object_store(run.config, dry_run=True), root, run.config.base_url, run.now())
    run.emit(found, lambda value: status_text(value, run.now()))


@command.command("history")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="How many generations to list")
@click.pass_obj
def index_history(run: Run, most: int) -> None:
    """List the generations, the newest first: when each was made, by whom, why, and what it did."""
    found = history(
        wiring.object_store(run.config, dry_run=True), pinned_root(run), run.config.base_url, run.now(), most
    )
    run.emit(found, history_text)


@command.command("check")
@click.option("--repair", "mends", is_flag=True, help="Mend what needs no decision (needs the role `maintain`)")
@KEEP
@click.pass_obj
def index_check(run: Run, *, mends: bool, keep: timedelta) -> None:
    """Compare the store with the generation it holds: what is missing, different, behind, or nobody's.

    Each difference is told with what mends it; where any is left the exit code is 8. Packages are compared by size
    and by the digest that the store keeps; `channel verify` reads their bytes.
    """
    setting = setting_of(run, "repair") if mends else None
    inspection = Inspection(
        store=setting.store if setting else wiring.object_store(run.config, dry_run=run.dry_run),
        root=pinned_root(run), lifetimes=Lifetimes(), channel=run.config.base_url,
        now=run.now(), keep=keep, host=run.host,
    )  # fmt: skip
    found = fsck(inspection)
    if setting and not found.ok:
        found = repair(found, inspection, setting, wiring.curation(run.config))
    run.emit(found, lambda value: check_text(value, verbose=run.verbose) + rehearsed(setting))
    _require_ok(found)


@command.command("patches")
@click.pass_obj
def index_patches(run: Run) -> None:
    """Show, as a diff of repodata, what the yanks and patches of the working tree would change in the index."""
    store = wiring.object_store(run.config, dry_run=True)
    found = preview_curation(store, pinned_root(run), wiring.curation(run.config), run.now())
    run.emit(found, lambda value: diff_text(value, AS_WANTED))


@command.command("refresh")
@click.pass_obj
def index_refresh(run: Run) -> None:
    """Renew signatures that run out, and apply yanks and patches of the repository; to be run every day.

    A channel that publishes often enough needs it only for yanks whose time is over.
    """
    setting = setting_of(run, "refresh")
    _settled(run, setting, refresh(setting, wiring.curation(run.config)))


@command.command("compact")
@click.pass_obj
def index_compact(run: Run) -> None:
    """Pack the index documents as densely as they go: other bytes, the same records."""
    setting = setting_of(run, "compact")
    with run.host.group("compact"):
        commit = compact(setting)
    _settled(run, setting, commit)


@command.command("rebuild")
@click.option("--adopt", is_flag=True, help="Take in what is attested and lies in the store without being indexed")
@click.option("--using", type=click.Choice(["conda-index"]), help="Have that program index a mirror, and compare")
@click.option("--accept", "accepts", is_flag=True, help="With --using: commit its records where they differ")
@click.pass_obj
def index_rebuild(run: Run, *, adopt: bool, using: str | None, accepts: bool) -> None:
    """Make every record again from the packages in the store; a generation where that differs from the index.

    Only the part of a package that speaks of it is fetched. What only the index knew is kept: how packages were built,
    yanks, patches. A run that was killed goes on where it was. With --using, another program says what the records are:
    differences are shown and end in exit code 8, unless they are accepted.
    """
    if using or accepts:
        _compared(run, adopt=adopt, using=using, accepts=accepts)
        return
    setting = setting_of(run, "rebuild")
    stock = wiring.stock(run.config, run.env, setting, run.host)
    built = rebuild(setting, run.config.indexed_subdirs, stock, wiring.curation(run.config), adopt=adopt)
    done = replace(
        settle(built.commit, setting, wiring.edge(run.config, dry_run=run.dry_run), built.refused),
        adopted=built.adopted,
    )
    stock.notebook.close()
    run.emit(done, lambda value: done_text(value, _expires(built.commit)) + rehearsed(setting))
    if built.refused:
        raise StoreError(*(Problem(message=f"`{r.what}` {r.because}", hint=r.hint) for r in built.refused))


def _compared(run: Run, *, adopt: bool, using: str | None, accepts: bool) -> None:
    if adopt or not using:
        raise UsageError("--accept goes with --using, and --adopt does not")
    setting = setting_of(run, f"rebuild using {using}")
    indexer = wiring.conda_index(run.env)
    try:
        opinion = second_opinion(setting, indexer, run.host)
    finally:
        indexer.close()
    if accepts:
        _settled(run, setting, accept(opinion, setting, wiring.curation(run.config)))
        return
    run.emit(opinion.diff, lambda value: diff_text(value, f"{using} says the same"))
    if opinion.diff.records:
        what = f"{using} has {counted(len(opinion.diff.records), 'record')} otherwise"
        raise DifferenceError(what, hint="look at them; --accept commits its records")


@command.command("rollback")
@click.argument("generation", type=click.IntRange(1))
@click.pass_obj
def index_rollback(run: Run, generation: int) -> None:
    """Make a new generation with the content of an old one. Files stay, and can be published again.

    Yanks and patches go back too: the next publish or refresh applies those of the repository again.
    """
    setting = setting_of(run, f"rollback to {generation}")
    _settled(run, setting, rollback(generation, setting))


@command.command("gc")
@KEEP
@click.option(
    "--grace", callback=lifetime, default="2d", show_default=True, metavar="DURATION",
    help="How long after that what is doomed is left alone",
)  # fmt: skip
@click.pass_obj
def index_gc(run: Run, *, keep: timedelta, grace: timedelta) -> None:
    """Delete what no kept generation names (needs the role `maintain`). Nothing that is listed is ever touched.

    A first run dooms, a later one deletes; in between whoever needs a doomed object takes it back by publishing.
    """
    setting = setting_of(run, "gc")
    found, commit = gc(setting, Terms(keep=keep, grace=grace), run.host)
    settle(commit, setting, wiring.edge(run.config, dry_run=run.dry_run))
    run.emit(found, lambda value: gc_text(value, verbose=run.verbose) + rehearsed(setting))


def _settled(run: Run, setting: Setting, commit: Commit) -> None:
    done = settle(commit, setting, wiring.edge(run.config, dry_run=run.dry_run))
    run.emit(done, lambda value: done_text(value, _expires(commit)) + rehearsed(setting))


def _expires(commit: Commit) -> datetime | None:
    return commit.present.generation.expires.first if commit.present.generation else None


def _require_ok(found: CheckReport) -> None:
    if not found.ok:
        mends = dict.fromkeys(d.mend for d in found.differences)
        what = counted(len(found.differences), "difference")
        raise DifferenceError(Problem(message=f"the store and its generation: {what}", hint="; ".join(mends)))
