"""A world in which rotations run: locations of the edge that hear of changes late, jobs that die, clients that poll.

Time is the edge's, in seconds since NOW. What a client holds is looked at with every change anywhere and whenever
something ends: an instant between two looks is like the one before it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ci_tools.core.access import Grant, GrantKind
from ci_tools.core.cookie import KEY
from ci_tools.core.edge_rule import Allowed, Denied, EdgeRequest, edge_rule
from ci_tools.core.secret import Secret
from ci_tools.core.tokens import Token
from ci_tools.errors import ConflictError
from ci_tools.flows.rotate_tokens import Desk
from ci_tools.ports.rotation import Answer, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PROPAGATION = 60.0  # seconds, at most
JOB = 6 * 3600.0  # seconds that a consumer's job goes on with the token it began with
LOCATIONS = 3
FIRST = Token(id="0" * 12, secret=Secret("a" * 40))


class Killed(BaseException):
    """The run is gone: nothing may catch this."""


def service(*consumers: str, expires: datetime = NOW + timedelta(days=4000)) -> Grant:
    return Grant(
        id=FIRST.id, name="robots", owner="ops", channels=("main",), expires=expires, hash=FIRST.hash,
        kind=GrantKind.SERVICE, consumers=consumers,
    )  # fmt: skip


@dataclass
class Location:
    """What one location of the edge has heard of."""

    grants: dict[str, Grant] = field(default_factory=dict)
    keys: tuple[str, ...] = ("nobody",)
    coming: list[tuple[float, Callable[[], None]]] = field(default_factory=list)


@dataclass
class World:
    """One channel, its edge, its vault, and whoever reads it."""

    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (a simulation)
    t: float = 0.0
    locations: list[Location] = field(default_factory=lambda: [Location() for _ in range(LOCATIONS)])
    grants: dict[str, Grant] = field(default_factory=dict)
    version: int = 1
    secrets: dict[str, tuple[str, str]] = field(default_factory=dict)
    group: tuple[str, ...] = ("nobody",)
    public: dict[str, bytes] = field(default_factory=lambda: {"nobody": b""})
    mail: dict[str, list[tuple[float, Token]]] = field(default_factory=lambda: defaultdict(list))
    cookies: list[tuple[str, float]] = field(default_factory=list)  # key id, end
    revoked: float | None = None
    calls: int = 0
    kill: tuple[int, str] | None = None  # the number of a call, `before` or `after` it
    meanwhile: Callable[[World], None] | None = None  # what somebody else does at the number of a call
    meanwhile_at: int = -1
    looks: int = 0

    # ---- time ------------------------------------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.t)

    def advance(self, seconds: float) -> None:
        end = self.t + seconds
        while (soonest := min(self._events(end), default=None)) is not None:
            self.t = max(self.t, soonest)
            for location in self.locations:
                due = [each for each in location.coming if each[0] <= self.t]
                location.coming = [each for each in location.coming if each[0] > self.t]
                for _, happens in due:
                    happens()
            self.look()
        self.t = end
        self.look()

    def _events(self, end: float) -> Iterator[float]:
        for location in self.locations:
            yield from (at for at, _ in location.coming if at <= end)
            for grant in location.grants.values():
                if grant.previous_expires and grant.previous_expires.year < 9000:
                    at = (grant.previous_expires - NOW).total_seconds()
                    if self.t < at <= end:
                        yield at

    def spread(self, change: Callable[[Location], None]) -> None:
        """Every location hears of it, each in its own time and in order."""
        for location in self.locations:
            last = max((at for at, _ in location.coming), default=0.0)
            at = max(last, self.t + self.rng.uniform(0, PROPAGATION))
            location.coming.append((at, lambda where=location: change(where)))

    # ---- clients ---------------------------------------------------------------------------------------------------
    def look(self) -> None:
        """Every consumer is let in everywhere with whatever it may be working with; nobody who was revoked is."""
        self.looks += 1
        for where in self.locations:
            for name in self.mail:
                for token in self.held_by(name):
                    opens = isinstance(self.rule(where, token), Allowed)
                    if self.revoked is None:
                        assert opens, f"{name} is locked out at {self.t}"
                    elif self.t > self.revoked + PROPAGATION:
                        assert not opens, f"{name} is still let in at {self.t}"
            for key, end in self.cookies:
                assert self.t >= end or key in where.keys, f"a cookie of {key} is refused at {self.t}"

    def held_by(self, name: str) -> list[Token]:
        """The tokens that jobs of this consumer, the oldest JOB seconds old, began with."""
        history = self.mail[name]
        ends = [at for at, _ in history[1:]] + [float("inf")]
        return [token for (_, token), end in zip(history, ends, strict=True) if end > self.t - JOB]

    def rule(self, where: Location, token: Token) -> Allowed | Denied:
        asked = EdgeRequest(method="GET", path=f"/t/{token.text.reveal()}/main/noarch/repodata.json")
        return edge_rule(asked, where.grants.get, self.now)

    # ---- calls -----------------------------------------------------------------------------------------------------
    def call(self, effect: Callable[[], Any]) -> Any:
        """One call out of the job: it takes a while, and the job may die before it or behind it."""
        number, self.calls = self.calls, self.calls + 1
        self.advance(self.rng.uniform(0, 2))
        if self.kill == (number, "before"):
            raise Killed
        if self.meanwhile is not None and number == self.meanwhile_at:
            self.meanwhile(self)
        result = effect()
        self.look()
        if self.kill == (number, "after"):
            raise Killed
        return result

    def desk(self) -> Desk:
        return Desk(
            edge=SimEdge(self), vault=SimVault(self), doorbell=SimDoorbell(self), deliveries=SimDeliveries(self),
            random_bytes=self.rng.randbytes, pause=self.advance,
        )  # fmt: skip

    def seed(self, grant: Grant) -> None:
        """The grant is at the edge, and every consumer has the first token."""
        self.grants[grant.id] = grant
        for location in self.locations:
            location.grants[grant.id] = grant
        for name in grant.consumers:
            self.mail[name.partition(":")[0]].append((self.t, FIRST))

    def put(self, grants: Iterable[Grant]) -> None:
        self.version += 1
        for grant in grants:
            self.grants[grant.id] = grant
            self.spread(lambda where, grant=grant: where.grants.update({grant.id: grant}))

    def drop(self, ids: Iterable[str]) -> None:
        self.version += 1
        for grant_id in ids:
            self.grants.pop(grant_id, None)
            self.spread(lambda where, grant_id=grant_id: where.grants.pop(grant_id, None))


@dataclass
class SimEdge:
    world: World

    def admit(self, grants: Iterable[Grant], *, seen: str = "") -> None:
        def effect() -> None:
            if seen and seen != str(self.world.version):
                raise ConflictError("changed")
            self.world.put(list(grants))

        self.world.call(effect)

    def refuse(self, ids: Iterable[str]) -> None:
        self.world.call(lambda: self.world.drop(list(ids)))

    def admitted(self) -> tuple[Grant, ...]:
        return self.world.call(lambda: tuple(self.world.grants.values()))

    def seen(self) -> str:
        return self.world.call(lambda: str(self.world.version))

    def invalidate(self, keys: Iterable[str]) -> None:
        raise NotImplementedError


@dataclass
class SimVault:
    world: World

    def read(self, name: str) -> Kept | None:
        def effect() -> Kept | None:
            held = self.world.secrets.get(name)
            return Kept(text=Secret(held[0]), version=held[1]) if held else None

        return self.world.call(effect)

    def write(self, name: str, text: Secret, replaces: str) -> str:
        def effect() -> str:
            present = self.world.secrets.get(name)
            if (present[1] if present else "") != replaces:
                raise ConflictError("changed")
            version = f"v{len(self.world.secrets)}-{self.world.rng.random()}"
            self.world.secrets[name] = (text.reveal(), version)
            return version

        return self.world.call(effect)


@dataclass
class SimDoorbell:
    """The location nearest to the job: one of several, and not the last to hear of anything."""

    world: World

    def moment(self) -> datetime:
        return self.world.call(lambda: self.world.now)

    def with_token(self, token: Token, channel: str) -> Answer:
        def effect() -> Answer:
            path = f"/t/{token.text.reveal()}/{channel}/noarch/repodata.json"
            where = self.world.locations[0].grants
            said = edge_rule(EdgeRequest(method="GET", path=path), where.get, self.world.now)
            return Answer(status=said.status if isinstance(said, Denied) else 404, at=self.world.now)

        return self.world.call(effect)

    def with_cookies(self, cookies: Mapping[str, Secret]) -> Answer:
        def effect() -> Answer:
            known = cookies[KEY].reveal() in self.world.locations[0].keys
            return Answer(status=200 if known else 403, at=self.world.now)

        return self.world.call(effect)


@dataclass
class SimDeliveries:
    world: World

    def deliver(self, consumer: Any, token: Token) -> None:
        self.world.call(lambda: self.world.mail[consumer.repository].append((self.world.t, token)))


@dataclass
class SimKeys:
    """CloudFront's public keys and key group."""

    world: World

    def known(self) -> tuple[str, ...]:
        return self.world.call(lambda: tuple(self.world.public))

    def trusted(self) -> tuple[str, ...]:
        return self.world.call(lambda: self.world.group)

    def register(self, pem: bytes) -> str:
        def effect() -> str:
            there = [key for key, held in self.world.public.items() if held == pem]
            key = there[0] if there else f"K{len(self.world.public)}{self.world.rng.random()}"
            self.world.public[key] = pem
            return key

        return self.world.call(effect)

    def trust(self, key_id: str) -> None:
        self._set(lambda group: (*group, key_id) if key_id not in group else group)

    def distrust(self, key_id: str) -> None:
        self._set(lambda group: tuple(key for key in group if key != key_id))

    def forget(self, key_id: str) -> None:
        def effect() -> None:
            assert key_id not in self.world.group, "in use"
            self.world.public.pop(key_id, None)

        self.world.call(effect)

    def _set(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        def effect() -> None:
            self.world.group = group = change(self.world.group)
            assert 0 < len(group) <= 5
            self.world.spread(lambda where: setattr(where, "keys", group))

        self.world.call(effect)
