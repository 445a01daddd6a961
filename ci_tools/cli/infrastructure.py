"""`channel infrastructure`: what the channel is made of in an AWS account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli import infrastructure_text as text
from ci_tools.core.costs import monthly, prices
from ci_tools.core.stack import channel_lines
from ci_tools.errors import UsageError
from ci_tools.infrastructure import PRICES, WORDS

if TYPE_CHECKING:
    from ci_tools.cli.run import Run

USERS = (15, 500)


@click.group("infrastructure")
def command() -> None:
    """What the channel is made of in an AWS account: bucket, edge, roles, keys, alarms. One CloudFormation stack."""


@command.command("show")
@click.option("--template", "as_template", is_flag=True, help="The template itself, as CloudFormation takes it")
@click.option("--outputs", is_flag=True, help="The lines for channel.yaml of the stack that is deployed")
@click.option("--users", type=click.IntRange(1, 100_000), multiple=True, help="Cost for so many users [15, 500]")
@click.pass_obj
def show(run: Run, *, as_template: bool, outputs: bool, users: tuple[int, ...]) -> None:
    """Say in words what a deployment makes in the account, and what it costs a month. Asks nobody."""
    wanted = wiring.stack_definition(run.config)
    if as_template:
        click.echo(wanted.template, nl=False)
        return
    if outputs:
        found = wiring.stacks(run.config).outputs(wanted.name)
        if not found:
            raise UsageError(f"there is no stack `{wanted.name}`", hint="channel infrastructure deploy")
        run.emit(text.Outputs(lines=channel_lines(found, run.config.channel), outputs=dict(found)), text.outputs_text)
        return
    bills = tuple(monthly(count, prices(PRICES)) for count in users or USERS)
    shown = text.Overview.of(wanted, bills, PRICES)
    run.emit(shown, lambda value: text.overview_text(value, WORDS))


@command.command("diff")
@click.pass_obj
def diff(run: Run) -> None:
    """Ask CloudFormation what a deployment would change. Nothing is changed."""
    found = wiring.stacks(run.config).changes(wiring.stack_definition(run.config))
    run.emit(found, text.changes_text)


@command.command("deploy")
@click.option("--force", is_flag=True, help="Also where a resource would be replaced or removed")
@click.option("--yes", is_flag=True, help="Ask nothing: for a job whose environment has reviewers")
@click.pass_obj
def deploy(run: Run, *, force: bool, yes: bool) -> None:
    """Make the stack, or bring it up to date; a second run has nothing to do. Ends with the lines for channel.yaml."""
    wanted, stacks = wiring.stack_definition(run.config), wiring.stacks(run.config)
    found = stacks.changes(wanted)
    if found.destructive and not force:
        names = ", ".join(f"{c.name} ({c.kind.value})" for c in found.destructive)
        hint = "look at: channel infrastructure diff; if that is what you want: channel infrastructure deploy --force"
        raise UsageError(f"this would lose what is in: {names}", hint=hint)
    if run.dry_run or not found.changes:
        run.emit(found, text.changes_text)
        return
    run.host.say(text.changes_text(found))
    if not yes:
        click.confirm(f"Do this to the stack {wanted.name}?", abort=True, err=True)
    run.host.say("this takes about a quarter of an hour: a distribution is rolled out to the whole world")
    done = stacks.deploy(wanted)
    made = stacks.outputs(wanted.name)
    lines = channel_lines(made, run.config.channel)
    run.emit(text.Deployment(changes=done, lines=lines), text.deployment_text)
