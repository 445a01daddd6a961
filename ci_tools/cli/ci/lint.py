"""`channel ci lint`: what is wrong with the recipes that the event of this run changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools.cli.ci.plan import FILE, read_held
from ci_tools.cli.ci.run_facts import run_facts
from ci_tools.cli.lint import desk_of, look
from ci_tools.cli.plan import repository_of
from ci_tools.flows.span import span

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.cli.run import Run


@click.command("lint")
@click.option("--published", "held", type=FILE, default="published.json", show_default=True, metavar="FILE",
              help="What `channel ci published` wrote")  # fmt: skip
@click.pass_obj
def lint(run: Run, *, held: Path) -> None:
    """Look for what is wrong with the recipes that the event of this run changed, without any secret.

    Findings stand beside their lines, and in the summary. Exit code 3 where an error is found.
    """
    known = read_held(held)
    unasked = [f"the channel, so nothing is known of what is published: {known.unknown}"] if known.unknown else []
    published = None if known.unknown else known.outputs
    event = span(run_facts(run.env).occasion, repository_of(run))
    look(run, desk_of(run, published, unasked, span=event))
