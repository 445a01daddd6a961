"""`channel yank`: withdraw a published package, by a file that is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.writing import pinned_root
from ci_tools.cli.yank_text import Yanked, yanked_text
from ci_tools.config.curation import moment
from ci_tools.core.quantities import duration
from ci_tools.errors import UsageError
from ci_tools.flows.index import listed_subdirs, read_states
from ci_tools.flows.present import present
from ci_tools.flows.yank import YankRequest, yank

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.cli.run import Run


@click.command("yank")
@click.argument("dist")
@click.option("--reason", required=True, help="What is wrong with it; everybody can read it in curation.json")
@click.option("--until", default="", metavar="DATE|DURATION", help="When it comes back by itself [never]")
@click.pass_obj
def command(run: Run, dist: str, reason: str, until: str) -> None:
    """Withdraw DIST: NAME-VERSION-BUILD, or SUBDIR/NAME-VERSION-BUILD.conda for one of several.

    It is written into .github/yanked.yaml, to be reviewed. Once applied, its record leaves the index, so that nobody
    installs it by name; its file stays for lock files, and its name is never given to other bytes.
    """
    request = YankRequest(dist=dist, reason=reason, until=_moment(until, run.now()) if until else None)
    store = wiring.object_store(run.config, dry_run=True)
    found = present(store, pinned_root(run), run.now())
    states = read_states(store, found, listed_subdirs(found)).values()
    written = yank(request, states, wiring.yank_registry(run.config, dry_run=run.dry_run))
    run.emit(Yanked(yanked=written, dry_run=run.dry_run), yanked_text)


def _moment(text: str, now: datetime) -> datetime:
    try:
        return moment(text)
    except ValueError:
        pass
    try:
        return (now + duration(text)).replace(microsecond=0)
    except ValueError as exc:
        raise UsageError(f"`{text}` is neither a date nor a duration", hint="write 2026-12-24, or 14d") from exc
