"""`channel keys`: the channel's keys and its root of trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.adapters.keystore import RehearsedKeys
from ci_tools.cli.keys_text import keys_text
from ci_tools.flows.keys import keys

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.group("keys")
def command() -> None:
    """Make and list the channel's keys; what clients are given to trust is in the folder `trust.public`."""


@command.command("init")
@click.pass_obj
def init(run: Run) -> None:
    """Make the keys that are missing, and what is published of them. Nothing that is there is ever replaced.

    Afterwards move the private halves of root, ca and sct to a safe place: only a rotation needs them.
    """
    keystore = wiring.keystore(run.config, run.env)
    report = keys(RehearsedKeys(keystore) if run.dry_run else keystore, run.config.base_url, run.now())
    run.emit(report, keys_text)
    if not report.changed:
        run.host.say("nothing to do: every key and document is there")
    elif run.dry_run:
        run.host.say("nothing was written: this was a dry run")
    else:
        run.host.say(f"commit {run.config.trust.public} or hand it out; never commit the private keys")


@command.command("list")
@click.pass_obj
def show(run: Run) -> None:
    """Say which keys and documents are there; "made" is what `channel keys init` would make."""
    keystore = RehearsedKeys(wiring.keystore(run.config, run.env))
    run.emit(keys(keystore, run.config.base_url, run.now()), keys_text)
