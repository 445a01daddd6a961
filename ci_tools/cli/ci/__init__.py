"""`channel ci`: what only a run on a code host needs. Each workflow step is one of these lines, or another verb."""

from __future__ import annotations

import click

from ci_tools.cli.ci.check import check
from ci_tools.cli.ci.comment import comment
from ci_tools.cli.ci.gather import gather
from ci_tools.cli.ci.health import health
from ci_tools.cli.ci.lint import lint
from ci_tools.cli.ci.plan import plan, published
from ci_tools.cli.ci.preview import preview, preview_remove
from ci_tools.cli.ci.promote import promotion
from ci_tools.cli.ci.rehearse import rehearsal


@click.group("ci")
def command() -> None:
    """What only a run on a code host needs: the range of an event, the matrix, artifacts, comments, checks.

    Each reads what GitHub says of the run from the environment, and can be run on a laptop with the same variables.
    """


for verb in (published, lint, plan, gather, promotion, rehearsal, comment, preview, preview_remove, health, check):
    command.add_command(verb)
