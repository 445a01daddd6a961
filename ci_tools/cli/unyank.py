"""`channel unyank`: take a yank back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.yank_text import Yanked, yanked_text
from ci_tools.flows.yank import unyank

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.command("unyank")
@click.argument("dist")
@click.pass_obj
def command(run: Run, dist: str) -> None:
    """Take the yank of DIST out of .github/yanked.yaml; once applied, its record is in the index again."""
    gone = unyank(dist, wiring.yank_registry(run.config, dry_run=run.dry_run))
    run.emit(Yanked(unyanked=gone, dry_run=run.dry_run), yanked_text)
