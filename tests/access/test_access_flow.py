"""Give, take and show access with a real registry file and a real edge state."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from edge_world import NOW, grant, token
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.edges.local import LocalEdge
from ci_tools.adapters.registry import RegistryFile
from ci_tools.core.access import Grant, GrantKind, from_record, to_record, tombstone
from ci_tools.core.access_sync import GrantState, plan_sync
from ci_tools.errors import StoreError, UsageError
from ci_tools.flows.access import AccessRequest, issue, report, revoke, revoke_at_once
from ci_tools.flows.sync import Care, sync

if TYPE_CHECKING:
    from pathlib import Path

WEEK = timedelta(days=7)
REQUEST = AccessRequest(name="laptop", owner="ann@acme.example", channels=("main",), lifetime=4 * WEEK)


@pytest.fixture
def registry(tmp_path: Path) -> RegistryFile:
    return RegistryFile(path=tmp_path / ".github/access.yaml", shown=".github/access.yaml")


@pytest.fixture
def edge(tmp_path: Path) -> LocalEdge:
    return LocalEdge(path=tmp_path / ".edge/state.json")


def ids(edge: LocalEdge) -> list[str]:
    return [held.id for held in edge.admitted()]


def test_a_grant_keeps_the_hash_and_nothing_else_of_a_token(registry: RegistryFile) -> None:
    issued = issue(REQUEST, NOW, secrets.token_bytes)
    registry.add(issued.grant)
    assert registry.grants() == (issued.grant,)
    assert issued.token.secret.reveal() not in registry.path.read_text() + repr(issued)


def test_a_request_is_told_everything_that_is_wrong_with_it() -> None:
    wrong = replace(REQUEST, name="", owner=" x", channels=("t/x", "main"), lifetime=timedelta(0))
    with pytest.raises(UsageError) as caught:
        issue(wrong, NOW, secrets.token_bytes)
    assert len(caught.value.problems) == 4


def test_sync_makes_the_edge_agree_and_then_has_nothing_to_do(registry: RegistryFile, edge: LocalEdge) -> None:
    edge.admit([grant(8)])
    for number in (1, 2):
        registry.add(grant(number))
    first = sync(registry, edge, NOW)
    assert ([g.id for g in first.admit], first.refuse) == ([token(1).id, token(2).id], (token(8).id,))
    assert ids(edge) == [token(1).id, token(2).id]
    assert not sync(registry, edge, NOW).changes


def test_the_edge_drops_what_has_expired(registry: RegistryFile, edge: LocalEdge) -> None:
    registry.add(grant(1, expires=NOW + WEEK))
    registry.add(grant(2, expires=NOW + 2 * WEEK))
    sync(registry, edge, NOW)
    sync(registry, edge, NOW + WEEK)
    assert ids(edge) == [token(2).id]


def test_sync_does_not_lock_everybody_out_by_mistake(registry: RegistryFile, edge: LocalEdge) -> None:
    edge.admit([grant(1), grant(2)])
    with pytest.raises(UsageError, match="lock everybody out"):
        sync(registry, edge, NOW)
    with pytest.raises(UsageError, match="lock everybody out"):
        sync(registry, edge, NOW, Care(leaving=frozenset({token(1).id})))
    assert len(ids(edge)) == 2
    sync(registry, edge, NOW, Care(force=True))
    assert ids(edge) == []


def test_the_last_one_may_leave(registry: RegistryFile, edge: LocalEdge) -> None:
    registry.add(grant(1))
    sync(registry, edge, NOW)
    gone = revoke(registry, "n1")
    sync(registry, edge, NOW, Care(leaving=frozenset({gone.id})))
    assert ids(edge) == []


def test_an_emergency_outlives_a_registry_that_does_not_know_yet(registry: RegistryFile, edge: LocalEdge) -> None:
    registry.add(grant(1))
    registry.add(grant(2))
    sync(registry, edge, NOW)
    before = registry.path.read_bytes()
    assert revoke_at_once(registry, edge, "n1") == token(1).id
    registry.path.write_bytes(before)  # the pull request is not merged yet
    assert sync(registry, edge, NOW).held_back == (token(1).id,)
    assert next(g for g in edge.admitted() if g.id == token(1).id).is_tombstone
    registry.remove(token(1).id)
    assert sync(registry, edge, NOW).refuse == (token(1).id,)


def test_a_token_pasted_into_the_registry_can_be_revoked(registry: RegistryFile, edge: LocalEdge) -> None:
    registry.add(grant(1))
    with registry.path.open("a") as file:
        file.write(f"# {token(1).text.reveal()}\n")
    with pytest.raises(UsageError, match="this is the token itself"):
        revoke_at_once(registry, edge, token(1).id)
    assert edge.admitted() == (tombstone(token(1).id),)


@pytest.mark.parametrize("who", ["nobody", "00000000000f"])
def test_who_is_not_there_cannot_be_revoked(registry: RegistryFile, edge: LocalEdge, who: str) -> None:
    for attempt in (lambda: revoke(registry, who), lambda: revoke_at_once(registry, edge, who)):
        with pytest.raises(UsageError, match="no grant of that id or name"):
            attempt()
    assert edge.admitted() == ()


def test_the_hashes_of_a_service_belong_to_the_rotation(registry: RegistryFile, edge: LocalEdge) -> None:
    registry.add(grant(1, kind=GrantKind.SERVICE))
    rotated = replace(grant(1), hash=token(9).hash, previous_hash=token(1).hash, previous_expires=NOW + WEEK)
    edge.admit([rotated])
    assert not sync(registry, edge, NOW).changes
    assert edge.admitted()[0].hash == token(9).hash


def test_a_report_says_how_each_stands(registry: RegistryFile, edge: LocalEdge) -> None:
    ends = {1: 4 * WEEK, 2: WEEK, 3: -WEEK, 4: 4 * WEEK, 5: 4 * WEEK}
    for number, left in ends.items():
        registry.add(grant(number, expires=NOW + left))
    edge.admit([grant(1, expires=NOW + 4 * WEEK), grant(2, expires=NOW + WEEK), tombstone(token(5).id), grant(6)])
    states = {standing.id[-1]: standing.state for standing in report(registry, edge, NOW)}
    expected = {"1": "active", "2": "expiring", "3": "expired", "4": "waiting", "5": "revoked", "6": "unknown"}
    assert states == {number: GrantState(state) for number, state in expected.items()}


def test_the_state_of_the_edge_is_for_its_owner_only(edge: LocalEdge) -> None:
    edge.admit([grant(1)])
    assert edge.path.stat().st_mode & 0o777 == 0o600
    assert edge.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_broken_state_is_said_and_not_overwritten(edge: LocalEdge) -> None:
    edge.path.parent.mkdir()
    edge.path.write_text("[]")
    with pytest.raises(StoreError, match="not the state of an edge"):
        edge.admit([grant(1)])
    assert edge.path.read_text() == "[]"


NUMBERS = st.dictionaries(st.integers(1, 6), st.sampled_from([-WEEK, WEEK]), max_size=6)


def made(numbers: dict[int, timedelta]) -> list[Grant]:
    return [grant(number, expires=NOW + left, name="") for number, left in numbers.items()]


@given(NUMBERS, NUMBERS, st.sets(st.integers(1, 6)))
def test_after_a_sync_exactly_the_living_of_the_registry_are_in(
    listed: dict[int, timedelta], held: dict[int, timedelta], dead: set[int]
) -> None:
    registry, edge = made(listed), {g.id: g for g in [*made(held), *(tombstone(token(n).id) for n in dead)]}
    plan = plan_sync(registry, edge.values(), NOW)
    after = {i: g for i, g in edge.items() if i not in plan.refuse} | {g.id: g for g in plan.admit}
    living = {i for i, g in after.items() if from_record(i, to_record(g)) and not g.is_tombstone}
    stones = {g.id for g in edge.values() if g.is_tombstone}
    assert living == {g.id for g in registry if g.expires > NOW} - stones
    assert not plan_sync(registry, after.values(), NOW).changes
