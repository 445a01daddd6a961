"""`channel verify`: a channel from its pinned root down to the bytes of its packages."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.verify_text import verify_text
from ci_tools.config import LocalStoreConfig
from ci_tools.core.keyset import PublicName
from ci_tools.core.trusted_root import channel_of
from ci_tools.core.verification import Severity, VerifyPolicy
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.verify import verify

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("verify")
@click.argument("channel", required=False)
@click.option("--root", type=FILE, metavar="FILE", help="The pinned 1.root.json [that of trust.public]")
@click.option("--trusted-root", type=FILE, metavar="FILE", help="What attestations are judged by [the same]")
@click.option("--sample", type=click.IntRange(min=0), metavar="N", help="Read N packages in full [all]")
@click.option("--at-least", type=click.IntRange(min=0), default=0, metavar="N", help="An older generation is a finding")
@click.pass_obj
def command(
    run: Run, channel: str | None, *, root: Path | None, trusted_root: Path | None, sample: int | None, at_least: int
) -> None:
    """Check CHANNEL, a URL or a folder, without believing anything it says of itself; without CHANNEL, one's own.

    Root, generation, index documents, shards, records, attestations, bytes; ends with exit 5 where one does not hold.
    """
    believed = _believed(run, trusted_root, PublicName.TRUSTED_ROOT)
    policy = VerifyPolicy(
        channel=channel_of(believed), trusted_root=believed, sample=sample, seed=secrets.token_hex(8), at_least=at_least
    )
    source = wiring.source(channel or _own(run.config))
    report = verify(source, _believed(run, root, PublicName.ROOT), policy, run.now(), run.host.progress)
    run.emit(report, verify_text)
    if not report.ok:
        problems = sum(finding.severity is Severity.PROBLEM for finding in report.findings)
        count = "1 problem" if problems == 1 else f"{problems} problems"
        raise TrustError(f"{source.url} does not hold: {count}", hint="each is listed with what to do")


def _own(config: ChannelConfig) -> str:
    """Where the channel of channel.yaml is read: the store itself where it is a folder, else as its clients do."""
    match config.store:
        case LocalStoreConfig(path=path):
            return str(config.path(path))
        case _:
            return config.base_url


def _believed(run: Run, given: Path | None, name: PublicName) -> bytes:
    """What is believed beforehand: a file that was named, or that of one's own channel; never its own word."""
    if given is not None:
        try:
            return given.read_bytes()
        except OSError as exc:
            raise UsageError(f"`{given}` cannot be read", hint="name a file", detail=str(exc)) from exc
    body = wiring.keystore(run.config, run.env).published(name)
    if body is None:
        option = "--root" if name is PublicName.ROOT else "--trusted-root"
        raise UsageError(
            f"there is no `{name}` in `{run.config.trust.public}`",
            hint=f"get it from the channel's owner and name it with {option}, or make keys: channel keys init",
        )
    return body
