"""`channel verify`: a channel from its pinned root down to the bytes of its packages, a lock, or one file."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ci_tools import wiring
from ci_tools.cli.verify_text import verify_text
from ci_tools.config import LocalStoreConfig
from ci_tools.core.keyset import PublicName
from ci_tools.core.quantities import duration
from ci_tools.core.trusted_root import channel_of
from ci_tools.core.verification import MAX_AGE, Severity, VerifyPolicy
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.verify import verify
from ci_tools.flows.verify_file import attested_file, verify_file
from ci_tools.flows.verify_lock import verify_lock

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig
    from ci_tools.core.verification import VerifyReport
    from ci_tools.ports import ChannelSource

FILE = click.Path(path_type=Path, dir_okay=False)
PACKAGE = (".conda", ".tar.bz2")
REMOTE = ("http://", "https://")


class Duration(click.ParamType[timedelta]):
    """`12h`, `7d`, as channel.yaml has them."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401 (click's)
        try:
            return value if isinstance(value, timedelta) else duration(value)
        except ValueError:
            self.fail(f"{value!r} is not a duration like 12h or 7d", param, ctx)


@click.command("verify")
@click.argument("channel", required=False)
@click.option("--root", type=FILE, metavar="FILE", help="The pinned 1.root.json [that of trust.public]")
@click.option("--trusted-root", type=FILE, metavar="FILE", help="What attestations are judged by [the same]")
@click.option("--identity", default="", metavar="URI", help="Who must have attested [the channel's publisher]")
@click.option("--lock", type=FILE, metavar="FILE", help="Check what pixi.lock, conda-lock.yml or an explicit list pins")
@click.option("--sample", type=click.IntRange(min=0), metavar="N", help="Read N packages in full [all]")
@click.option("--at-least", type=click.IntRange(min=0), default=0, metavar="N", help="An older generation is a finding")
@click.option(
    "--max-age", type=Duration(), metavar="TIME", help="So old it may be; of a lock, what it was made of [7d]"
)
@click.option("--offline", is_flag=True, help="Ask nobody: CHANNEL is a folder, or a package beside its .sigs")
@click.pass_obj
def command(
    run: Run, channel: str | None, *, root: Path | None, trusted_root: Path | None, identity: str, lock: Path | None,
    sample: int | None, at_least: int, max_age: timedelta | None, offline: bool,
) -> None:  # fmt: skip
    """Check CHANNEL, a URL, a folder or a package file, without believing anything it says of itself; else one's own.

    Root, generation, index documents, shards, records, attestations, bytes; ends with exit 5 where one does not hold.
    With --lock only what the lock takes from the channel: run it before `pixi install`, which checks no signature.
    """
    believed = _believed(run, trusted_root, PublicName.TRUSTED_ROOT)
    policy = VerifyPolicy(
        channel=channel_of(believed), trusted_root=believed, sample=sample, seed=secrets.token_hex(8),
        at_least=at_least, identity=identity, max_age=MAX_AGE if max_age is None else max_age, vouched_within=max_age,
    )  # fmt: skip
    package = Path(channel) if channel and channel.endswith(PACKAGE) and Path(channel).is_file() else None
    if package is not None and offline:
        report = attested_file(str(package), policy, _digested(package), _sidecar(package))
    else:
        source = _source(run, None if package else channel, offline=offline)
        report = _checked(run, source, policy, _believed(run, root, PublicName.ROOT), lock or package)
    run.emit(report, verify_text)
    _require_ok(report)


def _checked(run: Run, source: ChannelSource, policy: VerifyPolicy, root: bytes, what: Path | None) -> VerifyReport:
    if what is None:
        return verify(source, root, policy, run.now(), run.host.progress)
    if what.name.endswith(PACKAGE):
        return verify_file(source, root, policy, _digested(what), run.now())
    locked = wiring.locked_packages(what)
    report = verify_lock(source, root, policy, locked, run.now(), progress=run.host.progress)
    if not report.checked.records and report.ok:
        run.host.say(f"none of the {len(locked)} packages of `{what}` is of {policy.channel}")
    return report


def _require_ok(report: VerifyReport) -> None:
    if not report.ok:
        problems = sum(finding.severity is Severity.PROBLEM for finding in report.findings)
        count = "1 problem" if problems == 1 else f"{problems} problems"
        raise TrustError(f"{report.source} does not hold: {count}", hint="each is listed with what to do")


def _source(run: Run, channel: str | None, *, offline: bool) -> ChannelSource:
    where = channel or _own(run.config)
    if offline and where.startswith(REMOTE):
        raise UsageError("`--offline` asks no server", hint="name a folder with a copy of the channel, or a package")
    return wiring.source(where)


def _own(config: ChannelConfig) -> str:
    """Where the channel of channel.yaml is read: the store itself where it is a folder, else as its clients do."""
    match config.store:
        case LocalStoreConfig(path=path):
            return str(config.path(path))
        case _:
            return config.base_url


def _digested(package: Path) -> tuple[str, str]:
    with package.open("rb") as file:
        return package.name, hashlib.file_digest(file, "sha256").hexdigest()


def _sidecar(package: Path) -> bytes:
    path = package.with_name(f"{package.name}.sigs")
    try:
        return path.read_bytes()
    except OSError as exc:
        hint = "download it from the channel too, or leave --offline out"
        raise TrustError(f"there is no `{path.name}` beside `{package}`", hint=hint) from exc


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
