"""The rotation of the key that signs cookies: one recorded step after the other, until nothing is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ci_tools.core.cookie_rotation import (
    CookiePolicy,
    CookieState,
    Distrust,
    Finish,
    Forget,
    Full,
    KeySlot,
    Lock,
    MakeKey,
    ProbeNew,
    Register,
    Switch,
    Trust,
    next_cookie_step,
)
from ci_tools.core.cookie_signing import SignedCookies, public_half, signed_cookies
from ci_tools.core.rotation_state import read_state, state_text
from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import Rest
from ci_tools.errors import RemoteError, UsageError
from ci_tools.flows.rotate_tokens import STEPS, Desk, Turn, until_answered
from ci_tools.ports.rotation import Answer, CookieKeys, Vault

NAME = "rotation/cookie-key"
PATIENCE = timedelta(minutes=12)  # a key group takes some minutes to be everywhere
PROBE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locksmith:
    """What the rotation of cookie keys works with beside a desk. `url` is the channel's; `new_key` makes PEMs."""

    keys: CookieKeys
    new_key: Callable[[], Secret]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """When a key is made, and whether the one before it was given away."""

    now: datetime
    hurried: bool


def rotate_cookie_key(desk: Desk, smith: Locksmith, policy: CookiePolicy) -> Turn:
    """Do what is due. Run again after any end of it, it goes on from there."""
    done: list[str] = []
    for _ in range(STEPS):
        kept = desk.vault.read(NAME)
        state = read_state(CookieState, kept.text if kept else None, NAME)
        now = desk.doorbell.moment()
        step = next_cookie_step(state, Lock(trusted=smith.keys.trusted(), known=smith.keys.known()), policy, now)
        if isinstance(step, Full):
            raise UsageError(step.what, hint=step.hint)
        if isinstance(step, Rest):
            if step.until is None or step.until - now > PATIENCE:
                return Turn(subject="the cookie key", done=tuple(done), waits=step.why, until=step.until)
            desk.pause(max(1.0, (step.until - now).total_seconds() + 1))
            continue
        after, said = _carried_out(desk, smith, state, step, _Made(now=now, hurried=policy.leaked))
        if after != state:
            desk.vault.write(NAME, state_text(after), kept.version if kept else "")
        if isinstance(step, MakeKey):
            policy = replace(policy, at_once=False, leaked=False)
        done.append(said)
    raise RemoteError("the rotation of the cookie key does not come to an end", hint="run it again with -v")


def issue_cookies(vault: Vault, url: str, expires: datetime) -> SignedCookies:
    """Cookies for the channel at `url`. UsageError where no key has been made yet."""
    kept = vault.read(NAME)
    state = read_state(CookieState, kept.text if kept else None, NAME)
    if state.current is None:
        raise UsageError("there is no key that signs cookies yet", hint="channel access rotate")
    return signed_cookies(state.current.pem, state.current.id, url, expires)


def _carried_out(  # noqa: PLR0911 (a line for each step)
    desk: Desk, smith: Locksmith, state: CookieState, step: object, made: _Made
) -> tuple[CookieState, str]:
    match step:
        case MakeKey():
            slot = KeySlot(pem=smith.new_key(), made=made.now)
            return replace(state, pending=slot, hurried=made.hurried), "made a new key"
        case Register(slot=slot):
            key_id = smith.keys.register(public_half(slot.pem))
            return replace(state, pending=replace(slot, id=key_id)), f"the edge has its public half, {key_id}"
        case Trust(id=key_id):
            smith.keys.trust(key_id)
            return state, f"{key_id} is in the key group"
        case ProbeNew(slot=slot):
            answer = until_answered(desk.pause, lambda: _ask(desk, smith, slot), is_in=True)
            return replace(state, trusted=answer.at), "the edge takes cookies of the new key"
        case Switch(state=after):
            return after, "cookies are signed by the new key"
        case Distrust(id=key_id):
            smith.keys.distrust(key_id)
            return state, f"{key_id} is out of the key group"
        case Forget(slot=slot):
            until_answered(desk.pause, lambda: _ask(desk, smith, slot), is_in=False)
            smith.keys.forget(slot.id)
            return state, f"the edge refuses the old key; {slot.id} is deleted"
        case Finish(state=after):
            return after, "the old key is gone"
        case _:
            raise AssertionError(step)


def _ask(desk: Desk, smith: Locksmith, slot: KeySlot) -> Answer:
    signed = signed_cookies(slot.pem, slot.id, smith.url, desk.doorbell.moment() + PROBE)
    return desk.doorbell.with_cookies(signed.cookies)
