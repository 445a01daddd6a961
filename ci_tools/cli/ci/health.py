"""`channel ci health`: the channel as a client sees it, and what will expire."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.reading import channel_token
from ci_tools.cli.verify_text import verify_text
from ci_tools.core.ci.expiries import Expiring, expiring, markdown
from ci_tools.core.keyset import trust_material
from ci_tools.core.tokens import with_token
from ci_tools.core.verification import VerifyPolicy
from ci_tools.errors import DifferenceError, Problem, TrustError
from ci_tools.flows.follow import follow
from ci_tools.flows.verify import verify

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.ports import ChannelSource


@click.command("health")
@click.option("--sample", type=click.IntRange(min=0), default=50, show_default=True, metavar="N",
              help="Read N packages in full")  # fmt: skip
@click.option("--within", "days", type=click.IntRange(min=1), default=14, show_default=True, metavar="DAYS",
              help="What expires within so many days is a finding")  # fmt: skip
@click.pass_obj
def health(run: Run, *, sample: int, days: int) -> None:
    """Verify the channel through its edge as a client does, with CHANNEL_TOKEN, and list what expires soon.

    Exit code 5 where it does not hold, 8 where something expires soon.
    """
    source = wiring.source(_address(run))
    material = trust_material(wiring.keystore(run.config, run.env).published)
    policy = VerifyPolicy(
        channel=run.config.base_url, trusted_root=material.trusted_root, sample=sample, seed=secrets.token_hex(8)
    )
    report = verify(source, material.root, policy, run.now(), run.host.progress)
    soon = _soon(run, source, days) if report.ok else ()
    run.host.summarise(markdown(report.ok, verify_text(report), soon))
    run.emit(report, verify_text)
    if not report.ok:
        raise TrustError(f"{run.config.base_url} does not hold", hint="each finding is listed with what to do")
    if soon:
        problems = (Problem(message=f"{each.what} expires on {each.until:%Y-%m-%d}", hint=each.hint) for each in soon)
        raise DifferenceError(*problems)


def _address(run: Run) -> str:
    if run.config.store.kind == "local":
        return str(run.config.path(run.config.store.path))
    token = channel_token(run)
    return with_token(run.config.base_url, token).reveal() if token else run.config.base_url


def _soon(run: Run, source: ChannelSource, days: int) -> tuple[Expiring, ...]:
    material = trust_material(wiring.keystore(run.config, run.env).published)
    expires = follow(source, material.root, run.now()).generation.expires
    grants = wiring.grant_registry(run.config, dry_run=True).grants()
    return expiring(
        expires, material.certificate.not_valid_after_utc, grants, run.now() + timedelta(days=days), run.now()
    )
