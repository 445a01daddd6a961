"""`channel index`: what the channel holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.index_text import status_text
from ci_tools.core.keyset import trust_material
from ci_tools.flows.status import status

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.group("index")
def command() -> None:
    """Look at the index of the channel."""


@command.command("status")
@click.pass_obj
def index_status(run: Run) -> None:
    """Say which generation is true, what it holds, until when it is signed, and whether its pointers are written."""
    root = trust_material(wiring.keystore(run.config, run.env).published).root
    found = status(wiring.object_store(run.config, dry_run=True), root, run.config.base_url, run.now())
    run.emit(found, lambda value: status_text(value, run.now()))
