"""`channel access`: who may read the channel until when."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli import access_text
from ci_tools.cli.access_rotation import cookie, rotate_
from ci_tools.core.access import GrantKind
from ci_tools.core.access_sync import GrantState
from ci_tools.core.client_setup import Client, client_setup
from ci_tools.core.quantities import duration
from ci_tools.core.tokens import parse_token
from ci_tools.errors import UsageError
from ci_tools.flows import access
from ci_tools.flows.sync import Care
from ci_tools.flows.sync import sync as agreement

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from ci_tools.cli.run import Run
    from ci_tools.ports import GrantRegistry

OWN = "CHANNEL_TOKEN"  # with which the running job itself reads the channel


@click.group("access")
def command() -> None:
    """Who may read the channel until when.

    The registry, .github/access.yaml, holds hashes only; a token is shown once, to whoever makes it, and kept nowhere.
    """


def _lifetime(_ctx: click.Context, _param: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return duration(value) if value else None
    except ValueError as exc:
        raise click.BadParameter(f"`{value}` is {exc}; write for example 90d or 12h") from exc


def _request_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--kind", type=click.Choice([k.value for k in GrantKind]), default="person", show_default=True),
        click.option(
            "--consumer",
            "consumers",
            multiple=True,
            metavar="OWNER/NAME[:SECRET]|vault:NAME",
            help="Whom the rotation of a service hands its next token to",
        ),
        click.option("--expires", callback=_lifetime, metavar="DURATION", help="Until then [access.token, 90d]"),
        click.option("--channel", "channels", multiple=True, metavar="CHANNEL", help="What it opens [this channel]"),
        click.option("--owner", required=True, help="Who answers for it: an address or a team"),
    ):
        function = option(function)
    return function


@command.command("token")
@click.argument("name")
@_request_options
@click.option("--write", is_flag=True, help="Add the entry to the registry of this working tree as well")
@click.pass_obj
def token(
    run: Run,
    *,
    name: str,
    owner: str,
    channels: tuple[str, ...],
    expires: timedelta | None,
    kind: str,
    consumers: tuple[str, ...],
    write: bool,
) -> None:
    """Make a token for yourself on your own machine: the token to stdout, once; the entry to paste to stderr."""
    issued = _issue(run, name=name, owner=owner, channels=channels, expires=expires, kind=kind, consumers=consumers)
    if write:
        wiring.grant_registry(run.config, dry_run=run.dry_run).add(issued.grant)
        run.host.say(f"added `{name}` to {run.config.access.registry}; open a pull request with it")
    else:
        run.host.say(f"paste this below `grants:` in {run.config.access.registry}, and open a pull request:")
        run.host.say(access_text.entry_text(issued.grant))
    _show(run, issued)


@command.command("grant")
@click.argument("name")
@_request_options
@click.pass_obj
def grant(
    run: Run, *, name: str, owner: str, channels: tuple[str, ...], expires: timedelta | None, kind: str,
    consumers: tuple[str, ...],
) -> None:  # fmt: skip
    """Make a token for NAME and add its grant to the registry; a local edge lets it in at once."""
    issued = _issue(run, name=name, owner=owner, channels=channels, expires=expires, kind=kind, consumers=consumers)
    registry = wiring.grant_registry(run.config, dry_run=run.dry_run)
    registry.add(issued.grant)
    _show(run, issued)
    _follow(
        run,
        registry,
        frozenset(),
        f"`{name}` is in {run.config.access.registry}; it opens once that is merged and synced",
    )


@command.command("revoke")
@click.argument("who", metavar="ID|NAME")
@click.option("--now", "at_once", is_flag=True, help="Refuse it at the edge first, before the registry is changed")
@click.pass_obj
def revoke(run: Run, who: str, at_once: bool) -> None:
    """Take a grant out of the registry; a local edge refuses its token at once."""
    registry = wiring.grant_registry(run.config, dry_run=run.dry_run)
    if at_once:
        gone = access.revoke_at_once(registry, wiring.edge(run.config, dry_run=run.dry_run), who)
        run.host.say(f"{gone} is refused at the edge")
    else:
        gone = access.revoke(registry, who).id
    _follow(
        run, registry, frozenset({gone}), f"{gone} is out of {run.config.access.registry}; merge and sync to refuse it"
    )


@command.command("list")
@click.pass_obj
def list_(run: Run) -> None:
    """Who has access, the soonest to expire first."""
    registry, edge = wiring.grant_registry(run.config, dry_run=True), wiring.edge(run.config, dry_run=True)
    standings = access.report(registry, edge, run.now())
    run.emit(access_text.AccessList(grants=standings), access_text.access_list)


@command.command("sync")
@click.option("--force", is_flag=True, help="Go on even where everybody would be locked out")
@click.pass_obj
def sync(run: Run, force: bool) -> None:
    """Make the edge agree with the registry; a second run has nothing to do."""
    registry = wiring.grant_registry(run.config, dry_run=run.dry_run)
    edge = wiring.edge(run.config, dry_run=run.dry_run)
    held = parse_token(run.env.get(OWN, ""))
    care = Care(force=force, own=held.id if held else "")
    # What a dry run tells an edge is nowhere to be seen.
    plan = agreement(registry, edge, run.now(), care, None if run.dry_run else wiring.watch(run.config, run.now))
    run.emit(access_text.SyncReport.of(plan), access_text.sync_report)
    for standing in access.report(registry, edge, run.now()):
        if standing.state in {GrantState.EXPIRING, GrantState.EXPIRED}:
            said = f"the grant of `{standing.name}` ({standing.owner}) {access_text.ending(standing)}"
            run.host.annotate("warning", said, path=run.config.access.registry)


@command.command("setup")
@click.argument("client", type=click.Choice([client.value for client in Client]))
@click.pass_obj
def setup(run: Run, client: str) -> None:
    """How a client is told of the channel and its token: files and commands, ready to paste."""
    if not run.config.base_url:
        raise UsageError(
            "channel.yaml has no `url`", hint="say where clients find the channel, as in https://host/name"
        )
    run.emit(client_setup(Client(client), run.config.base_url), access_text.client_setup_text)


command.add_command(cookie)
command.add_command(rotate_)


def _issue(
    run: Run, *, name: str, owner: str, channels: tuple[str, ...], expires: timedelta | None, kind: str,
    consumers: tuple[str, ...],
) -> access.Issued:  # fmt: skip
    request = access.AccessRequest(
        name=name,
        owner=owner,
        channels=channels or (run.config.channel,),
        lifetime=expires or run.config.access.token,
        kind=GrantKind(kind),
        consumers=consumers,
    )
    return access.issue(request, run.now(), secrets.token_bytes)


def _show(run: Run, issued: access.Issued) -> None:
    shown = access_text.IssuedToken(
        token=issued.token.text.reveal(),  # to the caller's stdout, this once
        grant=issued.grant,
        entry=tuple(access_text.entry_text(issued.grant).splitlines()),
    )
    run.host.say("this is the only time the token is shown")
    run.emit(shown, access_text.issued)


def _follow(run: Run, registry: GrantRegistry, leaving: frozenset[str], otherwise: str) -> None:
    """An edge on this machine follows its registry at once; a real one follows the merge."""
    if run.config.edge.kind != "local":
        run.host.say(otherwise)
        return
    plan = agreement(registry, wiring.edge(run.config, dry_run=run.dry_run), run.now(), Care(leaving=leaving))
    run.host.say(access_text.sync_report(access_text.SyncReport.of(plan)))
