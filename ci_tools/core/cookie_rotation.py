"""The rotation of the key that signs cookies, in five steps of which any can be the last before a run dies.

A cookie opens until its end whichever step was taken last: the old key is trusted until the longest cookie that it may
have signed is over. Times are those of the edge's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import Rest

SETTLE = timedelta(minutes=10)  # until every location of the edge has a key group as one has it
KEYS_OF_A_GROUP, KEYS_OF_AN_ACCOUNT = 5, 10  # CloudFront's quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySlot:
    """A private key in PEM, when it was made, and the id that the edge gave its public half."""

    pem: Secret
    made: datetime
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieState:
    """What is recorded, in the vault. Cookies are signed by `current`; `retired` is trusted until `until`."""

    current: KeySlot | None = None
    pending: KeySlot | None = None
    trusted: datetime | None = None
    retired: KeySlot | None = None
    until: datetime | None = None
    hurried: bool = False  # the key that is replaced was given away: its cookies end with it


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePolicy:
    """A key signs for `lifetime`, a cookie lasts for `cookie` at most. `leaked`: cookies of the old end with it."""

    lifetime: timedelta
    cookie: timedelta
    settle: timedelta = SETTLE
    at_once: bool = False
    leaked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The ids of the public keys that the edge trusts, and of all that it has, whoever they are of."""

    trusted: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeKey:
    """Step 1: record a new private key as pending, before anything trusts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Step 1: let the edge know its public half; record the id."""

    slot: KeySlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Step 2: one more key in the group."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeNew:
    """Step 2: ask the edge with a cookie of the new key until it lets it in; record when."""

    slot: KeySlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Step 3: record that cookies are signed by the new key now."""

    state: CookieState


@dataclass(frozen=True, slots=True, kw_only=True)
class Distrust:
    """Step 5: one key less in the group."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Step 5: ask with a cookie of the old key until it is refused, then delete the public half."""

    slot: KeySlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Record that the old key is gone."""

    state: CookieState


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A quota of CloudFront is used up: somebody has to make room first."""

    what: str
    hint: str


CookieStep = MakeKey | Register | Trust | ProbeNew | Switch | Distrust | Forget | Finish | Full | Rest


def next_cookie_step(state: CookieState, lock: Lock, policy: CookiePolicy, now: datetime) -> CookieStep:
    """The next step, where the edge stands as `lock` says."""
    if state.pending is not None:
        return _on_its_way(state, state.pending, lock, policy, now)
    if state.current is not None and state.current.id not in lock.trusted:
        return _crowded(lock) or Trust(id=state.current.id)
    if state.retired is not None and state.until is not None:
        if policy.leaked and now < state.until:
            return Switch(state=replace(state, until=now))
        return _draining(state, state.retired, lock, now)
    due = state.current.made + policy.lifetime if state.current else now
    if now >= due or policy.at_once:
        return _crowded(lock) or _full(lock) or MakeKey()
    return Rest(why="nothing due", until=due)


def _on_its_way(state: CookieState, pending: KeySlot, lock: Lock, policy: CookiePolicy, now: datetime) -> CookieStep:
    if not pending.id or pending.id not in lock.known:
        return Register(slot=pending)
    if pending.id not in lock.trusted:
        return _crowded(lock) or Trust(id=pending.id)
    if state.trusted is None:
        return ProbeNew(slot=pending)
    if now < state.trusted + policy.settle:
        return Rest(why="the edge's locations take the new key up", until=state.trusted + policy.settle)
    # Whoever read the state just before this signs with the old key a moment later: hence the margin.
    hurried = state.hurried or policy.leaked
    until = now if hurried else now + policy.cookie + policy.settle
    return Switch(state=CookieState(current=pending, retired=state.current, until=until if state.current else None))


def _draining(state: CookieState, retired: KeySlot, lock: Lock, now: datetime) -> CookieStep:
    if state.until is not None and now < state.until:
        return Rest(why="cookies of the old key still open", until=state.until)
    if retired.id in lock.trusted:
        return Distrust(id=retired.id)
    if retired.id in lock.known:
        return Forget(slot=retired)
    return Finish(state=replace(state, retired=None, until=None))


def _crowded(lock: Lock) -> Full | None:
    if len(lock.trusted) < KEYS_OF_A_GROUP:
        return None
    return Full(
        what=f"the key group has {len(lock.trusted)} keys, as many as CloudFront takes",
        hint="take out one that nobody signs with",
    )


def _full(lock: Lock) -> Full | None:
    if len(lock.known) < KEYS_OF_AN_ACCOUNT:
        return None
    return Full(
        what=f"the account has {len(lock.known)} public keys, as many as CloudFront takes",
        hint="delete one that is in no key group, or ask AWS for a higher quota",
    )
