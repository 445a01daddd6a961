"""What a channel costs in an AWS account, by a table of prices and what people do in a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS, ALARMS = 4, 3
SERVICES_FOR_EACH = 10  # users; one service token, one secret of the rotation and one of its consumer
INSTALLS = 40  # environments solved or refreshed by one user, CI included, in a month
REQUESTS_OF_ONE = 150  # index documents and packages
GB_OF_ONE = 0.25  # the private packages of one environment that no local cache had
LOG_BYTES = 500  # of one request, compressed
PUBLISHES = 200
OBJECTS_OF_ONE = 60  # a package, its sidecars, shards and index documents
RUNS = 90  # of sync and rotation: each night, and with each change


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`usd` for one unit; the first `free` units of a month cost nothing."""

    what: str
    service: str
    per: str
    usd: float
    free: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of a bill. `units` are those of the price."""

    service: str
    per: str
    units: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One month."""

    users: int
    stored: float  # GB
    charges: tuple[Charge, ...]

    @property
    def usd(self) -> float:
        """The sum, before taxes."""
        return sum(charge.usd for charge in self.charges)


def prices(table: Mapping[str, object]) -> tuple[Price, ...]:
    """The table's rows as values. ValueError where it is not one."""
    rows = table.get("prices")
    if not isinstance(rows, list):
        raise ValueError("a table of prices has `prices`")  # noqa: TRY004 (its content, not its type)
    return tuple(Price(**row) for row in rows)


def monthly(users: int, table: tuple[Price, ...]) -> Bill:
    """What a channel with that many users costs in a month."""
    used = usage(users)
    return Bill(users=users, stored=used["storage"], charges=tuple(_charge(price, used[price.what]) for price in table))


def usage(users: int) -> Mapping[str, float]:
    """The units of every price in a month."""
    installs = users * INSTALLS
    requests = installs * REQUESTS_OF_ONE
    services = -(-users // SERVICES_FOR_EACH)
    return {
        "storage": 20 + users * 1.0,
        "writes": PUBLISHES * OBJECTS_OF_ONE / 1000,
        "reads": requests * 0.05 / 1000,
        "transfer": installs * GB_OF_ONE,
        "requests": requests / 10_000,
        "functions": requests / 1e6,
        "lookups": requests / 1e6,
        "store_calls": RUNS * (4 + -(-users // 50)) / 1000,
        "keys": KEYS,
        "signatures": PUBLISHES * 12 / 10_000,
        "secrets": 1 + 2 * services,
        "secret_calls": RUNS * (2 + 4 * services) / 10_000,
        "alarms": ALARMS,
        "logs": requests * LOG_BYTES * 3 / 1e9,  # three months are kept
    }


def _charge(price: Price, units: float) -> Charge:
    usd = max(0.0, units - price.free) * price.usd
    return Charge(service=price.service, per=price.per, units=units, usd=usd)
