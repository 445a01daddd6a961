"""Give, take and show access: the registry is what should be, the edge is what is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ci_tools.core.access import ID, Grant, GrantKind, is_channel, tombstone
from ci_tools.core.access_sync import GrantStanding, standings
from ci_tools.core.consumers import parse_consumer
from ci_tools.core.tokens import Token, new_token
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.ports import Edge, GrantRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """Who shall read which channels, from now on for `lifetime`."""

    name: str
    owner: str
    channels: tuple[str, ...]
    lifetime: timedelta
    kind: GrantKind = GrantKind.PERSON
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new token, which is shown once, and the grant, which is all that stays."""

    token: Token = field(repr=False)
    grant: Grant


def issue(request: AccessRequest, now: datetime, random_bytes: Callable[[int], bytes]) -> Issued:
    """A token and the grant that belongs to it; nothing is written. UsageError lists what is wrong with the request."""
    wrong = [f"`{c}` is not the name of a channel" for c in request.channels if not is_channel(c)]
    wrong += [] if request.channels else ["a grant opens at least one channel"]
    for what, text in (("name", request.name), ("owner", request.owner)):
        if not text or text != text.strip() or not text.isprintable():
            wrong.append(f"the {what} is empty, or has characters that cannot be seen")
    wrong += [f"`{c}` is no consumer" for c in request.consumers if parse_consumer(c) is None]
    if request.consumers and request.kind is not GrantKind.SERVICE:
        wrong.append("only a service has consumers: say `--kind service`, too")
    wrong += [] if request.lifetime > timedelta(0) else ["a grant lasts longer than nothing"]
    if wrong:
        raise UsageError(*(Problem(message=message) for message in wrong))
    token = new_token(random_bytes)
    grant = Grant(
        id=token.id,
        name=request.name,
        owner=request.owner,
        channels=tuple(dict.fromkeys(request.channels)),
        expires=_after(now, request.lifetime),
        hash=token.hash,
        kind=request.kind,
        consumers=request.consumers,
    )
    return Issued(token=token, grant=grant)


def revoke(registry: GrantRegistry, who: str) -> Grant:
    """Take the grant with the id or name `who` out of the registry. The edge follows with the next sync."""
    grant = _find(registry.grants(), who)
    registry.remove(grant.id)
    return grant


def revoke_at_once(registry: GrantRegistry, edge: Edge, who: str) -> str:
    """Refuse `who` at the edge now, then take it out of the registry; returns the id.

    The edge keeps a tombstone that no sync undoes while the registry still has the grant. An id is refused before
    the registry is read: it may be the very file that gave the token away, and not hold.
    """
    if not ID.fullmatch(who):
        who = _find(registry.grants(), who).id
    held = any(grant.id == who for grant in edge.admitted())
    edge.admit([tombstone(who)])
    if not held and not any(grant.id == who for grant in registry.grants()):
        edge.refuse([who])
        raise _unknown()
    registry.remove(who)
    return who


def report(registry: GrantRegistry, edge: Edge, now: datetime) -> tuple[GrantStanding, ...]:
    """How every grant stands, in the registry and at the edge."""
    return standings(registry.grants(), edge.admitted(), now)


def _after(now: datetime, lifetime: timedelta) -> datetime:
    try:
        return (now + lifetime).replace(microsecond=0)
    except OverflowError as exc:
        raise UsageError("a grant cannot last beyond the year 9999", hint="for example --expires 90d") from exc


def _find(grants: tuple[Grant, ...], who: str) -> Grant:
    for grant in grants:
        if who in {grant.id, grant.name}:
            return grant
    raise _unknown()


def _unknown() -> UsageError:
    return UsageError("there is no grant of that id or name", hint="channel access list shows them all")
