"""`channel keys`: the channel's keys and its root of trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.adapters.keystore import RehearsedKeys
from ci_tools.cli import keys_change
from ci_tools.cli.keys_text import keys_text
from ci_tools.core.root_change import RootChange
from ci_tools.core.signing import public_key
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.keys import keys

if TYPE_CHECKING:
    from ci_tools.cli.run import Run

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("keys")
def command() -> None:
    """Make, list and rotate the channel's keys; what clients are given to trust is in the folder `trust.public`."""


@command.command("init")
@click.option("--holder", "holders", type=FILE, multiple=True, metavar="FILE", help="A root key's public half; repeat")
@click.option("--threshold", type=click.IntRange(min=1), default=1, metavar="N", help="How many holders must sign [1]")
@click.pass_obj
def init(run: Run, holders: tuple[Path, ...], threshold: int) -> None:
    """Make the keys that are missing, and what is published of them. Nothing that is there is ever replaced.

    Without --holder the root key is made here. With it, each holder makes one with `channel keys make`, and the root
    is a draft until N of them have signed it. Afterwards move root, ca and sct to a safe place.
    """
    found = wiring.keystore(run.config, run.env)
    change = RootChange(holders=tuple(public_half(path) for path in holders), threshold=threshold)
    keystore = RehearsedKeys(found) if run.dry_run else found
    report = keys(keystore, run.config.base_url, run.now(), holders=change)
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


@command.command("make")
@click.argument("uri")
@click.pass_obj
def make(run: Run, uri: str) -> None:
    """Make one key at URI, file:PATH, and print its public half: a root holder's, or one to rotate to.

    Of an awskms: key, which is made in AWS, the public half is printed.
    """
    keystore = wiring.keystore_anywhere(run.root, run.env)
    signer = keystore.signer_at(uri) or (RehearsedKeys(keystore) if run.dry_run else keystore).create_at(uri)
    click.echo(signer.public_key_pem.decode(), nl=False)


def public_half(path: Path) -> bytes:
    """The public key in a file, in PEM."""
    try:
        body = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"`{path}` cannot be read: {exc.strerror}", hint="name a public key's file") from exc
    try:
        public_key(body, f"`{path}`")
    except TrustError as exc:
        hint = "it is what `channel keys make` printed; the private half stays with its holder"
        raise UsageError(str(exc), hint=hint) from exc
    return body


for each in (
    keys_change.rotate_command,
    keys_change.revoke_command,
    keys_change.sign_root_command,
    keys_change.publish_root_command,
):
    command.add_command(each)
