"""`channel keys rotate | revoke | sign-root | publish-root`: changes of who speaks for the channel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.adapters.keystore import write_over
from ci_tools.cli.keys_text import certify_text, root_text
from ci_tools.core.keyset import DRAFT, KeyName
from ci_tools.core.root_change import RootChange
from ci_tools.errors import TrustError, UsageError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.root_change import RootReport
    from ci_tools.flows.enact import RootOffice
    from ci_tools.ports import Keystore, Signer

FILE = click.Path(path_type=Path, dir_okay=False)
KEY = click.option("--key", "held", multiple=True, metavar="URI", help="A root key that you hold [trust.root]")
MAKES = "Where the new key is or shall be: file:PATH or awskms:KEY"


@click.command("rotate")
@click.argument("name", type=click.Choice([name.value for name in KeyName]))
@click.option("--to", "targets", multiple=True, metavar="URI", help=f"{MAKES}; for root also a holder's public file")
@click.option("--threshold", type=click.IntRange(min=1), metavar="N", help="root: how many of its holders must sign")
@KEY
@click.pass_obj
def rotate_command(run: Run, name: str, targets: tuple[str, ...], threshold: int | None, held: tuple[str, ...]) -> None:
    """Bring in a new key of this NAME beside the old one; nobody is locked out at any step.

    root, online: the next root, in force when its holders have signed. publisher: a certificate by the CA. ca, log,
    sct: a trusted root that knows both. Then name the new key in channel.yaml; `channel keys revoke` ends the old one.
    Without --to, root and publisher are renewed with the keys they have.
    """
    key = KeyName(name)
    if key in {KeyName.ROOT, KeyName.ONLINE}:
        return _root(run, key, targets, threshold or 0, held)
    if threshold or held or len(targets) > 1:
        raise UsageError(f"the {name} key has no holders and no threshold", hint="give one --to URI")
    return _certified(run, key, targets)


@click.command("revoke")
@click.argument("fingerprint")
@KEY
@click.pass_obj
def revoke_command(run: Run, fingerprint: str, held: tuple[str, ...]) -> None:
    """Take an online key out of the root: FINGERPRINT as `channel keys list` shows it, its first digits do.

    Where the present generation is still signed with it, that is signed anew first, with the key of channel.yaml.
    """
    from ci_tools.flows.rotate import rotate

    office = _office(run)
    change = RootChange(dismiss=(fingerprint.lower(),))
    _tell(run, rotate(office, change, _holders(run, office.keystore, held)))


@click.command("sign-root")
@click.argument("files", nargs=-1, type=FILE)
@KEY
@click.pass_obj
def sign_root_command(run: Run, files: tuple[Path, ...], held: tuple[str, ...]) -> None:
    """Sign the draft of a root with the root key you hold, after a look at what it says; FILE [trust.public].

    Of several copies the signatures are collected into the first. The file is then passed to the next holder.
    """
    from ci_tools.flows.countersign import countersign

    office, paths = _office(run), files or (_own_draft(run),)
    draft, report = countersign(office, tuple(map(_read, paths)), _holders(run, office.keystore, held, strict=True))
    if not run.dry_run:
        write_over(paths[0], draft)
    run.emit(report, root_text)
    done = "complete: `channel keys publish-root FILE` puts it into force"
    run.host.say(done if report.root.is_complete else f"pass `{paths[0]}` to the next holder")


@click.command("publish-root")
@click.argument("files", nargs=-1, type=FILE)
@click.pass_obj
def publish_root_command(run: Run, files: tuple[Path, ...]) -> None:
    """Put a root into force that enough holders have signed; FILE [trust.public]. Of copies the signatures are merged.

    Needs write access to the store, and no key.
    """
    from ci_tools.core.root_change import merged
    from ci_tools.flows.enact import enact

    _tell(run, enact(_office(run), merged(tuple(map(_read, files or (_own_draft(run),))))))


def _root(run: Run, key: KeyName, targets: tuple[str, ...], threshold: int, held: tuple[str, ...]) -> None:
    from ci_tools.flows.rotate import rotate

    office = _office(run)
    if key is KeyName.ONLINE and (threshold or len(targets) != 1):
        raise UsageError("an online key is rotated to one other", hint="give one --to URI")
    new = tuple(_target(run, office.keystore, target) for target in targets)
    publics = tuple(each if isinstance(each, bytes) else each.public_key_pem for each in new)
    here = _holders(run, office.keystore, held)
    if key is KeyName.ONLINE:
        change = RootChange(admit=publics)
    else:
        change = RootChange(holders=publics, threshold=threshold)
        here = (*here, *(each for each in new if not isinstance(each, bytes)))
    _tell(run, rotate(office, change, here))


def _certified(run: Run, key: KeyName, targets: tuple[str, ...]) -> None:
    from ci_tools.flows.certify import acknowledge, certify

    office, channel = _office(run), run.config.base_url
    keystore = office.keystore
    uri = targets[0] if targets else ""
    if key is KeyName.PUBLISHER:
        signer = _target(run, keystore, uri) if uri else keystore.signer(key)
        ca, sct = keystore.signer(KeyName.CA), keystore.signer(KeyName.SCT)
        if not (ca and sct and signer) or isinstance(signer, bytes):
            raise TrustError(
                "a certificate needs the ca and sct keys, and the publisher's key",
                hint="bring them from the safe for this one command",
            )
        report = certify(keystore, channel, signer, (ca, sct), office.now)
    elif uri:
        signer = _target(run, keystore, uri)
        if isinstance(signer, bytes):
            raise UsageError("a trusted root is made with the key itself", hint="give file:PATH or awskms:KEY")
        report = acknowledge(keystore, channel, office.now, **{key.value: signer})
    else:
        raise UsageError(f"where shall the new {key} key be?", hint="give --to file:PATH or --to awskms:KEY")
    run.emit(report, certify_text)
    run.host.say(_next(run, key, uri) if report.changed else "nothing to do: it is so already")


def _next(run: Run, key: KeyName, uri: str) -> str:
    if run.dry_run:
        return "nothing was written: this was a dry run"
    use = f"`trust: {{{key}: {uri}}}`" if uri else "nothing else to change"
    return f"commit {run.config.trust.public}; when clients have it, channel.yaml may say {use}"


def _tell(run: Run, report: RootReport) -> None:
    run.emit(report, root_text)
    if run.dry_run:
        run.host.say("nothing was written: this was a dry run")
    elif report.enacted:
        run.host.say(f"root {report.root.version} is in force; commit {run.config.trust.public}")
    elif report.changed:
        run.host.say(f"pass {run.config.trust.public}/{DRAFT} to the other holders: `channel keys sign-root FILE`")
    else:
        run.host.say("nothing to do: the root says so already")


def _office(run: Run) -> RootOffice:
    cause = wiring.cause("", run.env, "keys")
    return wiring.root_office(run.config, run.env, cause, run.now(), dry_run=run.dry_run)


def _holders(run: Run, keystore: Keystore, held: tuple[str, ...], *, strict: bool = False) -> tuple[Signer, ...]:
    """The root keys that are at hand: those that were named, else that of channel.yaml where it is here."""
    named = tuple(_target(run, keystore, uri, make=False) for uri in held)
    own = keystore.signer(KeyName.ROOT) if not held else None
    signers = (*(each for each in named if not isinstance(each, bytes)), *((own,) if own else ()))
    if strict and not signers:
        raise UsageError("there is no root key here to sign with", hint="name yours: --key file:PATH")
    return signers


def _target(run: Run, keystore: Keystore, uri: str, *, make: bool = True) -> Signer | bytes:
    """A key that may have to be made, or, of somebody else's key, the public half."""
    from ci_tools.cli.keys import public_half

    if not uri.startswith(("file:", "awskms:")):
        return public_half(run.root / uri)
    found = keystore.signer_at(uri)
    if found is None and not make:
        raise UsageError(f"there is no key at `{uri}`", hint="name the key that you hold")
    return found or keystore.create_at(uri)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"`{path}` cannot be read: {exc.strerror}", hint="name the draft you were sent") from exc


def _own_draft(run: Run) -> Path:
    return run.config.path(run.config.trust.public) / DRAFT
