"""The rotation of a service's secret: what is the next step, given what is recorded, what the edge holds and the time.

Until every consumer has the new secret and the overlap is over, the old one opens: no step, and no end of a run between
two steps, leaves a consumer without a working token. Times are those of the edge's own clock, never of this machine's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ci_tools.core.access import LAST_SECOND, Grant, to_record
from ci_tools.core.secret import Secret

SETTLE = timedelta(seconds=60)  # until every location of the edge has what one has
FOREVER = datetime.fromtimestamp(LAST_SECOND, UTC)  # the grant's own expiry comes first


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One secret, 40 lower-hex digits, and when it was made."""

    secret: Secret
    made: datetime

    @property
    def hash(self) -> str:
        """The lower-hex SHA-256 of the secret's text."""
        return sha256(self.secret.reveal().encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """What is recorded of one grant's rotation, in the vault.

    `pending` is on its way to the consumers, `base` the hash of what they had before; `delivered` have the newest of
    the two. `retired` still opens until `until`; its secret is known where the rotation made it.
    """

    current: Slot | None = None
    pending: Slot | None = None
    base: str = ""
    admitted: datetime | None = None
    delivered: tuple[str, ...] = ()
    retired: str = ""
    retired_secret: Secret | None = None
    until: datetime | None = None
    hurried: bool = False  # what is replaced was given away: no overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """A secret is replaced so early that it opens for `lifetime` at most; for `overlap` both open.

    `at_once`: begin now, whatever the age. `leaked`: what is replaced ends as soon as every consumer has the new.
    """

    lifetime: timedelta
    overlap: timedelta
    settle: timedelta = SETTLE
    at_once: bool = False
    leaked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """Record a new secret as pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Let the edge hold this."""

    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Ask the edge with the pending secret until it lets it in; record when."""

    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Hand the secret to one consumer; record it."""

    consumer: str
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Promote:
    """Record that pending is current now, and until when what was before still opens."""

    state: TokenState


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Ask the edge with the old secret until it refuses it; record that it is gone."""

    secret: Secret | None
    state: TokenState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing is due before `until`; without one, not before somebody does something about `why`."""

    why: str
    until: datetime | None = None


TokenStep = Mint | Apply | Confirm | Deliver | Promote | Retire | Rest


def next_token_step(  # noqa: PLR0911 (what stands in the way, a line each)
    grant: Grant, held: Grant | None, state: TokenState, policy: TokenPolicy, now: datetime
) -> TokenStep:
    """The next step for `grant`, of the registry; `held` is what the edge holds of it, `now` the edge's time."""
    if grant.expires <= now:
        return Rest(why="the grant has expired")
    if held is None:
        return Rest(why="the edge does not have it yet: channel access sync")
    if held.is_tombstone:
        return Rest(why="it was revoked at once; take it out of the registry")
    wanted = wanted_at_edge(held, state)
    if to_record(wanted) != to_record(held):
        return Apply(grant=wanted)
    if state.pending is not None:
        return _on_its_way(grant, state, state.pending, policy, now)
    if state.retired and state.until is not None:
        if now < state.until and policy.leaked:  # there is one slot for what is on its way out
            return Promote(state=replace(state, until=now))
        if now < state.until:
            return Rest(why="the old secret still opens", until=state.until)
        gone = replace(state, retired="", retired_secret=None, until=None)
        return Retire(secret=state.retired_secret, state=gone)
    return _at_rest(grant, state, policy, now)


def wanted_at_edge(held: Grant, state: TokenState) -> Grant:
    """What the edge should hold of a grant of which it holds `held`: channels and expiry are the sync's."""
    if state.pending is not None:
        return replace(
            held, hash=state.base, previous_hash=state.pending.hash, previous_expires=FOREVER
        )  # fmt: skip
    if state.current is None:
        return held
    until = state.until if state.retired else None
    return replace(held, hash=state.current.hash, previous_hash=state.retired, previous_expires=until)


def minted(state: TokenState, slot: Slot, held: Grant, *, hurried: bool) -> TokenState:
    """The state once `slot` is pending: what opens now goes on to open."""
    return replace(state, pending=slot, base=held.hash, admitted=None, delivered=(), hurried=hurried)


def _on_its_way(grant: Grant, state: TokenState, pending: Slot, policy: TokenPolicy, now: datetime) -> TokenStep:
    if state.admitted is None:
        return Confirm(slot=pending)
    if now < state.admitted + policy.settle:
        return Rest(why="the edge's locations take the new secret up", until=state.admitted + policy.settle)
    missing = _missing(grant, state)
    if missing:
        return Deliver(consumer=missing[0], slot=pending)
    overlap = timedelta() if state.hurried or policy.leaked else policy.overlap
    older = state.current.secret if state.current else None
    return Promote(
        state=replace(
            state, current=pending, pending=None, base="", admitted=None, hurried=False,
            retired=state.base, retired_secret=older, until=now + overlap,
        )
    )  # fmt: skip


def _at_rest(grant: Grant, state: TokenState, policy: TokenPolicy, now: datetime) -> TokenStep:
    if state.current is None:
        return Mint()
    due = state.current.made + policy.lifetime - policy.overlap
    if now >= due or policy.at_once:
        return Mint()
    missing = _missing(grant, state)
    if missing:  # somebody who was not a consumer when the secret was made
        return Deliver(consumer=missing[0], slot=state.current)
    return Rest(why="nothing due", until=due)


def _missing(grant: Grant, state: TokenState) -> list[str]:
    return [consumer for consumer in grant.consumers if consumer not in state.delivered]
