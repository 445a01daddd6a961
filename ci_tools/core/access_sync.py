"""The registry against what the edge holds: what to let in, what to refuse, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.core.access import SOON, Grant, GrantKind, to_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPlan:
    """What makes the edge agree with the registry. `held_back` are ids whose emergency revocation still stands."""

    admit: tuple[Grant, ...]
    refuse: tuple[str, ...]
    held_back: tuple[str, ...]
    locked_out: tuple[str, ...]  # ids that open something now and will not
    empties: bool  # nobody who is in now would stay, and nobody else comes in

    @property
    def changes(self) -> bool:
        """Whether the edge would be different."""
        return bool(self.admit or self.refuse)


class GrantState(StrEnum):
    """How a grant stands, seen from the registry and the edge together."""

    ACTIVE = "active"
    EXPIRING = "expiring"  # within two weeks
    EXPIRED = "expired"
    WAITING = "waiting"  # in the registry, and not like that at the edge yet
    REVOKED = "revoked"  # refused at the edge at once; the registry still has it
    UNKNOWN = "unknown"  # at the edge only


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStanding:
    """One line of `channel access list`; `days` until it expires, rounded down."""

    id: str
    name: str
    owner: str
    channels: tuple[str, ...]
    kind: GrantKind
    expires: datetime
    days: int
    state: GrantState


def plan_sync(registry: Sequence[Grant], held: Iterable[Grant], now: datetime) -> SyncPlan:
    """The difference between the registry's living grants and what the edge holds. Equal values mean no change.

    A tombstone at the edge is honoured until the registry no longer has the id. The hashes of a service that the
    edge already knows are the rotation's and stay.
    """
    here = {grant.id: grant for grant in held}
    wanted = {grant.id: as_held(grant, here.get(grant.id)) for grant in registry if grant.expires > now}
    held_back = tuple(sorted(i for i in wanted if i in here and here[i].is_tombstone))
    listed = {grant.id for grant in registry}
    admit = tuple(grant for i, grant in sorted(wanted.items()) if i not in held_back and not _same(grant, here.get(i)))
    refuse = tuple(sorted(i for i in here if i not in wanted and not (here[i].is_tombstone and i in listed)))
    living = {i for i, g in here.items() if not g.is_tombstone and g.expires > now and not is_canary(g)}
    locked_out = tuple(i for i in refuse if i in living)
    return SyncPlan(
        admit=admit,
        refuse=refuse,
        held_back=held_back,
        locked_out=locked_out,
        empties=bool(locked_out) and not (wanted.keys() - set(held_back)),
    )


def canary_channel(grant_id: str) -> str:
    """The channel, which is nowhere, of the grant by which a sync sees what the edge has taken up."""
    return f"canary-{grant_id}"


def is_canary(grant: Grant) -> bool:
    """Whether this is such a grant, left by a run that died."""
    return grant.channels == (canary_channel(grant.id),)


def as_held(grant: Grant, held: Grant | None) -> Grant:
    """`grant` as the edge should hold it: a service that is there keeps the hashes it has there."""
    if grant.kind is GrantKind.PERSON or held is None or held.is_tombstone:
        return grant
    return replace(grant, hash=held.hash, previous_hash=held.previous_hash, previous_expires=held.previous_expires)


def standings(registry: Sequence[Grant], held: Iterable[Grant], now: datetime) -> tuple[GrantStanding, ...]:
    """How every grant stands, the soonest to expire first; what only the edge has comes last."""
    here = {grant.id: grant for grant in held}
    known = [_standing(grant, _state(grant, here.get(grant.id), now), now) for grant in registry]
    strays = [here[i] for i in here.keys() - {grant.id for grant in registry}]
    strays = [grant for grant in strays if not (grant.is_tombstone or is_canary(grant))]
    unknown = [_standing(grant, GrantState.UNKNOWN, now) for grant in strays]
    return tuple(sorted(known, key=lambda s: (s.expires, s.id)) + sorted(unknown, key=lambda s: s.id))


def _state(grant: Grant, held: Grant | None, now: datetime) -> GrantState:
    if grant.expires <= now:
        return GrantState.EXPIRED
    if held is not None and held.is_tombstone:
        return GrantState.REVOKED
    if not _same(as_held(grant, held), held):
        return GrantState.WAITING
    return GrantState.EXPIRING if grant.expires - now < SOON else GrantState.ACTIVE


def _standing(grant: Grant, state: GrantState, now: datetime) -> GrantStanding:
    return GrantStanding(
        id=grant.id,
        name=grant.name,
        owner=grant.owner,
        channels=grant.channels,
        kind=grant.kind,
        expires=grant.expires,
        days=(grant.expires - now).days,
        state=state,
    )


def _same(grant: Grant, held: Grant | None) -> bool:
    return held is not None and to_record(grant) == to_record(held)
