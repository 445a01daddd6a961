"""What every edge keeps to: grants, and the keys of cookies. A new one is a line of EDGES and one of KEYS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cloudfront_double import ARN, GROUP, CloudFront, cloudfront

from ci_tools.adapters.edges.cloudfront import CloudFrontEdge
from ci_tools.adapters.edges.cloudfront_keys import CloudFrontKeys
from ci_tools.adapters.edges.local import LocalEdge
from ci_tools.adapters.edges.local_keys import LocalKeys
from ci_tools.adapters.edges.memory import MemoryEdge
from ci_tools.core.access import Grant, tombstone
from ci_tools.core.cookie_signing import CookieKeyType, new_cookie_key, public_half
from ci_tools.errors import ConflictError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.ports import Edge
    from ci_tools.ports.rotation import CookieKeys

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PEMS = [public_half(new_cookie_key(kind)) for kind in CookieKeyType for _ in range(3)]


@pytest.fixture
def there() -> Iterator[CloudFront]:
    with cloudfront() as double:
        yield double


def edge_at(there: CloudFront) -> CloudFrontEdge:
    return CloudFrontEdge(
        distribution="E1ABC2DEF3GHIJ", store=ARN, prefix="acme", session=there.session(), pause=lambda _: None
    )


def keys_at(there: CloudFront) -> CloudFrontKeys:
    return CloudFrontKeys(group=GROUP, session=there.session(), pause=lambda _: None)


@pytest.fixture(params=["memory", "local", "cloudfront"])
def edge(request: pytest.FixtureRequest, tmp_path: Path) -> Edge:
    match request.param:
        case "memory":
            return MemoryEdge()
        case "local":
            return LocalEdge(path=tmp_path / "state.json")
        case _:
            return edge_at(request.getfixturevalue("there"))


@pytest.fixture(params=["local", "cloudfront"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> CookieKeys:
    if request.param == "local":
        return LocalKeys(edge=LocalEdge(path=tmp_path / "state.json"))
    return keys_at(request.getfixturevalue("there"))


def grant(number: int = 1, **more: object) -> Grant:
    return Grant(
        id=f"{number:012x}", name="", owner="", channels=("acme", "pr/1"), expires=NOW + timedelta(days=number),
        hash=f"{number:064x}", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def test_what_is_let_in_is_held_as_it_was_said(edge: Edge) -> None:
    wanted = grant(2, previous_hash="b" * 64, previous_expires=NOW)
    edge.admit([grant(1), wanted])
    assert edge.admitted() == (grant(1), wanted)


def test_letting_in_twice_is_once_and_the_last_counts(edge: Edge) -> None:
    edge.admit([grant(1)])
    edge.admit([grant(1)])
    edge.admit([tombstone(grant(1).id)])
    assert edge.admitted() == (tombstone(grant(1).id),)


def test_whoever_is_refused_is_held_no_longer_and_unknown_ids_are_fine(edge: Edge) -> None:
    edge.admit([grant(1), grant(2)])
    edge.refuse([grant(1).id, grant(7).id])
    edge.refuse([grant(1).id])
    edge.refuse([])
    assert edge.admitted() == (grant(2),)


def test_a_change_to_a_version_that_is_over_changes_nothing(edge: Edge) -> None:
    edge.admit([grant(1)])
    seen = edge.seen()
    edge.admit([grant(2)])
    with pytest.raises(ConflictError):
        edge.admit([grant(1, previous_hash="b" * 64, previous_expires=NOW)], seen=seen)
    assert edge.admitted() == (grant(1), grant(2))
    edge.admit([grant(3)], seen=edge.seen())
    assert len(edge.admitted()) == 3


def test_hundreds_of_grants_go_through(edge: Edge) -> None:
    many = [grant(number) for number in range(1, 231)]
    edge.admit(many, seen=edge.seen())
    assert edge.admitted() == tuple(many)
    edge.refuse([each.id for each in many[:120]])
    assert len(edge.admitted()) == 110


def test_cloudfront_is_told_fifty_at_a_time(there: CloudFront) -> None:
    edge_at(there).admit(grant(number) for number in range(1, 121))
    assert there.batches == [50, 50, 20]


def test_whoever_changes_the_store_between_two_calls_makes_cloudfronts_edge_try_again(there: CloudFront) -> None:
    def somebody(double: CloudFront) -> None:
        double.version += 1

    there.interlopers = [somebody] * 3
    edge_at(there).admit([grant(1)])
    assert list(there.values) == [f"t:{grant(1).id}"]


def test_somebody_who_changes_the_store_each_time_is_told_of(there: CloudFront) -> None:
    there.interlopers = [lambda double: setattr(double, "version", double.version + 1)] * 50
    with pytest.raises(ConflictError, match="each time"):
        edge_at(there).admit([grant(1)])


def test_what_others_keep_in_the_store_is_left_alone(there: CloudFront) -> None:
    there.values = {"config": "x", "t:short": "{}", f"t:{grant(2).id}": "no json"}
    edge_at(there).admit([grant(1)])
    edge_at(there).refuse([grant(2).id])
    assert there.values.keys() == {"config", "t:short", f"t:{grant(1).id}"}
    assert edge_at(there).admitted() == (grant(1),)


def test_a_grant_that_no_record_can_hold_is_refused_before_anything_is_written(there: CloudFront) -> None:
    wide = Grant(id="0" * 12, name="", owner="", channels=tuple(f"channel-{n}" for n in range(200)), expires=NOW,
                 hash="a" * 64)  # fmt: skip
    with pytest.raises(StoreError, match="longer than"):
        edge_at(there).admit([grant(1), wide])
    assert not there.values


def test_copies_are_forgotten_below_the_channel(there: CloudFront) -> None:
    edge_at(there).invalidate(["noarch/repodata.json", "tuf/timestamp.json"])
    edge_at(there).invalidate([])
    assert there.invalidations == [["/acme/noarch/repodata.json", "/acme/tuf/timestamp.json"]]


# ---- the keys of cookies -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pem", [PEMS[0], PEMS[-1]])
def test_a_key_is_known_then_trusted_then_neither(keys: CookieKeys, pem: bytes) -> None:
    first = keys.register(PEMS[1])
    keys.trust(first)
    key = keys.register(pem)
    assert keys.register(pem) == key
    assert key in keys.known()
    assert key not in keys.trusted()
    keys.trust(key)
    keys.trust(key)
    assert keys.trusted().count(key) == 1
    keys.distrust(key)
    keys.distrust(key)
    assert key not in keys.trusted()
    keys.forget(key)
    keys.forget(key)
    assert key not in keys.known()
    assert first in keys.trusted()


def test_a_key_whose_making_was_not_answered_is_found_again(there: CloudFront) -> None:
    there.lost = 1
    key = keys_at(there).register(PEMS[0])
    assert len(there.keys) == 2
    assert key in there.keys


def test_a_group_that_somebody_else_changes_keeps_both_changes(there: CloudFront) -> None:
    keys = keys_at(there)
    one, other = keys.register(PEMS[0]), keys.register(PEMS[1])

    def somebody(double: CloudFront) -> None:
        double.group.append(other)
        double.group_version += 1

    there.interlopers = [somebody]
    keys.trust(one)
    assert there.group == ["KNOBODY", other, one]


def test_quotas_are_said_in_words(there: CloudFront) -> None:
    keys = keys_at(there)
    made = [keys.register(pem) for pem in PEMS[:5]]
    for key in made[:4]:
        keys.trust(key)
    with pytest.raises(UsageError, match="key group has as many"):
        keys.trust(made[4])
    there.keys |= {f"K{n}": (f"n{n}", "") for n in range(4)}
    with pytest.raises(UsageError, match="account has as many"):
        keys.register(PEMS[5])


def test_a_key_in_use_is_not_deleted_and_a_group_is_never_empty(there: CloudFront) -> None:
    keys = keys_at(there)
    with pytest.raises(UsageError, match="in use"):
        keys.forget("KNOBODY")
    with pytest.raises(UsageError, match="empty the key group"):
        keys.distrust("KNOBODY")
