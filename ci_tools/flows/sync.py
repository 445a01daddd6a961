"""The edge made to agree with the registry, and seen to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ci_tools.core.access import Grant
from ci_tools.core.access_sync import SyncPlan, canary_channel, plan_sync
from ci_tools.core.tokens import Token, new_token
from ci_tools.errors import ConflictError, UsageError
from ci_tools.flows.rotate_tokens import until_answered
from ci_tools.ports.rotation import Doorbell

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.ports import Edge, GrantRegistry

TRIES = 5
CANARY_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How it is seen that the edge has taken a change up: by a grant that is put in with it, and taken out again."""

    doorbell: Doorbell
    pause: Callable[[float], None]
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What stops a sync: `force` nothing; `leaving` are ids that are meant to go, `own` is the running job's id."""

    force: bool = False
    leaving: frozenset[str] = frozenset()
    own: str = ""


def sync(
    registry: GrantRegistry, edge: Edge, now: datetime, care: Care | None = None, watch: Watch | None = None
) -> SyncPlan:
    """Make the edge agree with the registry and say what was different; a second run changes nothing.

    With a watch the time is the edge's, and the edge is asked until it does as it was told. UsageError where
    everybody who is in would be locked out, or the job itself. Whoever changes the edge meanwhile makes it plan anew.
    """
    now = watch.doorbell.moment() if watch else now
    care = care or Care()
    for _ in range(TRIES):
        seen = edge.seen()
        plan = plan_sync(registry.grants(), edge.admitted(), now)
        _require(plan, care)
        try:
            _carry_out(edge, plan, seen, watch, now)
        except ConflictError:
            continue
        return plan
    raise ConflictError("the edge was changed each time we tried to", hint="look for a second job that writes to it")


def _require(plan: SyncPlan, care: Care) -> None:
    if care.force:
        return
    if plan.empties and not care.leaving.issuperset(plan.locked_out):
        count = len(plan.locked_out)
        raise UsageError(
            f"this sync would lock everybody out: {count} of {count} grants",
            hint="look at the registry; if that is what you want: channel access sync --force",
        )
    if care.own in plan.locked_out:
        raise UsageError(
            f"this sync would lock the running job out: its own token is {care.own}",
            hint="give the job another token first; if that is what you want: channel access sync --force",
        )


def _carry_out(edge: Edge, plan: SyncPlan, seen: str, watch: Watch | None, now: datetime) -> None:
    """First in, then out: nobody is without access in between."""
    if not plan.changes:
        return
    if watch is None:
        if plan.admit:
            edge.admit(plan.admit, seen=seen)
        if plan.refuse:
            edge.refuse(plan.refuse)
        return
    canary = new_token(watch.random_bytes)
    edge.admit([*plan.admit, _canary(canary, now)], seen=seen)  # the last of the last batch: the others came before
    _until(watch, canary, is_in=True)
    edge.refuse([*plan.refuse, canary.id])
    if plan.refuse:
        _until(watch, canary, is_in=False)


def _canary(token: Token, now: datetime) -> Grant:
    """A grant that opens nothing that is there."""
    channel = canary_channel(token.id)
    expires = (now + CANARY_LIFE).replace(microsecond=0)
    return Grant(id=token.id, name="", owner="", channels=(channel,), expires=expires, hash=token.hash)


def _until(watch: Watch, canary: Token, *, is_in: bool) -> None:
    ask = watch.doorbell.with_token
    until_answered(watch.pause, lambda: ask(canary, canary_channel(canary.id)), is_in=is_in)
