"""`channel access rotate` and `channel access cookie`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli import access_rotation_text as text
from ci_tools.config import LocalEdgeConfig
from ci_tools.core.cookie_rotation import CookiePolicy
from ci_tools.core.cookie_signing import CookieKeyType, SignedCookies, cookie_header, cookie_jar
from ci_tools.core.quantities import duration, duration_text
from ci_tools.core.token_rotation import TokenPolicy
from ci_tools.errors import UsageError
from ci_tools.flows.rotate_access import Rotation, rotate_access
from ci_tools.flows.rotate_cookies import issue_cookies

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig

HERE = timedelta(0)  # the edge on this machine has no other locations
FORMS = ("jar", "header", "json")


@click.command("rotate")
@click.argument("only", metavar="[ID|NAME|cookie-key]", default="")
@click.option("--now", "at_once", is_flag=True, help="Begin at once, due or not; needs a name")
@click.option("--leaked", is_flag=True, help="The same, and what was before ends as soon as everybody has the new one")
@click.option("--key-type", type=click.Choice([k.value for k in CookieKeyType]), default="ec", show_default=True)
@click.pass_obj
def rotate_(run: Run, only: str, *, at_once: bool, leaked: bool, key_type: str) -> None:
    """Rotate what is due: services' tokens, and the key of cookies. A run that died is finished by the next.

    Nobody is locked out: what was before opens until everybody has the new, and for `access.overlap` more.
    """
    if (at_once or leaked) and not only:
        raise UsageError("--now and --leaked need a name", hint="channel access list shows them; or: cookie-key")
    if run.dry_run:
        raise UsageError("a rotation cannot be tried without doing it", hint="channel access list shows what is due")
    rotation = Rotation(
        tokens=_tokens(run.config, at_once=at_once, leaked=leaked),
        cookies=_cookies(run.config, at_once=at_once, leaked=leaked),
        only=only,
    )
    registry = wiring.grant_registry(run.config, dry_run=True)
    smith = wiring.locksmith(run.config, CookieKeyType(key_type))
    done = rotate_access(registry, wiring.desk(run.config, run.env, run.now), smith, rotation)
    run.emit(text.RotationReport.of(done), text.rotation_text)
    if done.failures:
        raise type(done.failures[0])(*(problem for failure in done.failures for problem in failure.problems))


@click.command("cookie")
@click.option("--for", "lifetime", metavar="DURATION", help="How long they open; at most, and else, access.cookie")
@click.option("--as", "form", type=click.Choice(FORMS), default="jar", show_default=True, help="jar is curl's")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Into this file, which is for you alone")
@click.pass_obj
def cookie(run: Run, lifetime: str | None, form: str, out: Path | None) -> None:
    """Cookies that open the channel for a while: for browsers, curl and steps of CI. They cannot be revoked alone."""
    life = _lifetime(run.config, lifetime)
    moment = wiring.doorbell(run.config, run.now).moment()  # the edge's clock is the one that counts
    signed = issue_cookies(wiring.vault(run.config), run.config.base_url, (moment + life).replace(microsecond=0))
    body = _formed(signed, "json" if run.json else form)
    if out is None:
        click.echo(body, nl=False)
        return
    _write(out, body)
    run.host.say(f"wrote {out}; it opens {signed.resource} for {duration_text(life)}")
    if form == "jar" and not run.json:
        run.host.say(f"try: curl --fail --cookie {out} {run.config.base_url}/noarch/repodata.json")


def _formed(signed: SignedCookies, form: str) -> str:
    match form:
        case "header":
            return f"Cookie: {cookie_header(signed).reveal()}\n"
        case "json":
            return text.cookies_json(signed)
        case _:
            return cookie_jar(signed).reveal()


def _write(out: Path, body: str) -> None:
    try:
        out.unlink(missing_ok=True)  # whoever may read the old file has no part in the new one
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        raise UsageError(f"`{out}` cannot be written: {exc.strerror}", hint="name another file") from exc
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(body)


def _lifetime(config: ChannelConfig, said: str | None) -> timedelta:
    try:
        life = duration(said) if said else config.access.cookie
    except ValueError as exc:
        raise UsageError(f"`{said}` is {exc}", hint="write for example 2h") from exc
    if life > config.access.cookie:
        most = duration_text(config.access.cookie)
        raise UsageError(f"cookies last for {most} at most", hint="`access.cookie` says so: they cannot be revoked")
    return life


def _tokens(config: ChannelConfig, *, at_once: bool, leaked: bool) -> TokenPolicy:
    policy = TokenPolicy(
        lifetime=config.access.token, overlap=config.access.overlap, at_once=at_once or leaked, leaked=leaked
    )
    return replace(policy, settle=HERE) if isinstance(config.edge, LocalEdgeConfig) else policy


def _cookies(config: ChannelConfig, *, at_once: bool, leaked: bool) -> CookiePolicy:
    policy = CookiePolicy(
        lifetime=config.access.cookie_key, cookie=config.access.cookie, at_once=at_once or leaked, leaked=leaked
    )
    return replace(policy, settle=HERE) if isinstance(config.edge, LocalEdgeConfig) else policy
