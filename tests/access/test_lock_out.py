"""Nobody is locked out: rotations that die anywhere, an edge that hears late, and clients that never stop asking."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rotation_world import FIRST, JOB, NOW, PROPAGATION, Killed, SimKeys, SimVault, World, service

from ci_tools.core.access import tombstone
from ci_tools.core.cookie_rotation import CookiePolicy
from ci_tools.core.cookie_signing import CookieKeyType, new_cookie_key
from ci_tools.core.edge_rule import Allowed
from ci_tools.core.rotation_state import read_state
from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import TokenPolicy, TokenState
from ci_tools.core.tokens import Token
from ci_tools.errors import ConflictError, RemoteError, UsageError
from ci_tools.flows.rotate_cookies import Locksmith, issue_cookies, rotate_cookie_key
from ci_tools.flows.rotate_tokens import rotate_token
from ci_tools.flows.sync import Watch, sync

if TYPE_CHECKING:
    from ci_tools.core.access import Grant

GRANT = service("acme/robots", "acme/web:TOKEN")
POLICY = TokenPolicy(lifetime=timedelta(days=90), overlap=timedelta(seconds=JOB))
COOKIES = CookiePolicy(lifetime=timedelta(days=90), cookie=timedelta(hours=12))
DAY = 86400.0
URL = "https://conda.acme.example/main"
ENDS = st.tuples(st.integers(0, 60), st.sampled_from(["before", "after"])) | st.none()
RUNS = st.lists(st.tuples(ENDS, st.sampled_from([1.0, 45.0, 3600.0, JOB, 2 * DAY, 100 * DAY])), max_size=12)


def world(seed: int = 0) -> World:
    made = World(rng=random.Random(seed))  # noqa: S311 (a simulation)
    made.seed(GRANT)
    return made


def run(there: World, kill: tuple[int, str] | None = None, policy: TokenPolicy = POLICY, grant: Grant = GRANT) -> bool:
    """One run of the job for tokens; whether it came to its end."""
    there.calls, there.kill = 0, kill
    try:
        rotate_token(there.desk(), grant, policy)
    except (Killed, ConflictError, RemoteError):
        return False
    finally:
        there.kill = None
    return True


def state(there: World) -> TokenState:
    held = there.secrets.get(f"rotation/token-{GRANT.id}")
    return read_state(TokenState, Secret(held[0]) if held else None, "")


def test_a_rotation_that_nobody_disturbs_hands_the_new_secret_to_everybody() -> None:
    there = world()
    assert run(there)
    for name in ("acme/robots", "acme/web"):
        assert there.mail[name][-1][1] != FIRST
    there.advance(JOB + 1)
    assert run(there)
    there.advance(PROPAGATION)
    assert not any(isinstance(there.rule(where, FIRST), Allowed) for where in there.locations)
    assert state(there).retired == ""


def calls_of_a_rotation() -> int:
    there = world()
    run(there)
    return there.calls


@pytest.mark.slow
@pytest.mark.parametrize("end", ["before", "after"])
def test_a_run_may_die_at_every_single_call(end: str) -> None:
    total = calls_of_a_rotation()
    assert total > 20
    for number in range(total):
        there = world(number)
        run(there, (number, end))
        there.advance(DAY)
        run(there)
        there.advance(DAY)
        assert run(there)
        assert there.mail["acme/robots"][-1][1].secret == state(there).current.secret, number  # type: ignore[union-attr]
        assert state(there).pending is None


@given(st.integers(0, 2**32), RUNS)
@settings(max_examples=25, deadline=None)
def test_no_history_of_runs_locks_a_consumer_out(seed: int, runs: list[tuple[tuple[int, str] | None, float]]) -> None:
    token_history(seed, runs)


@pytest.mark.slow
@given(st.integers(0, 2**32), RUNS)
@settings(max_examples=300, deadline=None)
def test_no_history_of_very_many_does(seed: int, runs: list[tuple[tuple[int, str] | None, float]]) -> None:
    token_history(seed, runs)


def token_history(seed: int, runs: list[tuple[tuple[int, str] | None, float]]) -> None:
    there = world(seed)
    for kill, gap in runs:
        run(there, kill)
        there.advance(gap)
    while not run(there):
        there.advance(60)
    for _ in range(3):  # what was minted long ago is due again at once
        there.advance(JOB + 2 * PROPAGATION)
        assert run(there)
    there.advance(PROPAGATION)
    assert state(there).retired == ""
    newest = state(there).current
    assert newest is not None
    for name, history in there.mail.items():
        assert history[-1][1].secret == newest.secret, name
        for _, token in history[:-1]:  # what is replaced ends with the overlap, everywhere
            if token.secret != newest.secret:
                assert not any(isinstance(there.rule(where, token), Allowed) for where in there.locations)


def watch(there: World) -> Watch:
    desk = there.desk()
    return Watch(doorbell=desk.doorbell, pause=desk.pause, random_bytes=desk.random_bytes)


class Registry:
    """The registry as a job that checked it out sees it, whatever was merged since."""

    def grants(self) -> tuple[Grant, ...]:
        return (replace(GRANT, expires=GRANT.expires),)


@given(st.integers(0, 2**32), st.integers(0, 50), ENDS, st.integers(-400, 400))
@settings(max_examples=25, deadline=None)
def test_who_is_revoked_in_the_middle_of_anything_stays_out(
    seed: int, at: int, kill: tuple[int, str] | None, jump: int
) -> None:
    there = world(seed)

    def revoke(world: World) -> None:
        world.put([tombstone(GRANT.id)])
        world.revoked = world.t

    there.meanwhile, there.meanwhile_at = revoke, at
    run(there, kill)
    there.meanwhile = None
    if there.revoked is None:
        revoke(there)
    there.advance(2 * PROPAGATION)
    for _ in range(3):
        desk = there.desk()
        with suppress(Killed, UsageError):
            sync(Registry(), desk.edge, there.now + timedelta(days=jump), watch=watch(there))
        run(there)
        there.advance(DAY)
    secrets = {token.secret for history in there.mail.values() for _, token in history}
    assert not any(
        isinstance(there.rule(where, Token(id=GRANT.id, secret=secret)), Allowed)
        for where in there.locations
        for secret in secrets
    )


@given(st.integers(0, 2**32), st.integers(-400, 400), ENDS)
@settings(max_examples=25, deadline=None)
def test_a_clock_that_jumps_makes_no_sync_take_anybody_for_expired(
    seed: int, days: int, kill: tuple[int, str] | None
) -> None:
    there = world(seed)
    run(there)
    for _ in range(2):
        there.calls, there.kill = 0, kill
        with suppress(Killed):
            wrong = there.now + timedelta(days=days * 10)
            desk = there.desk()
            sync(Registry(), desk.edge, wrong, watch=watch(there))
        there.kill = None
        there.advance(2 * PROPAGATION)


@pytest.mark.parametrize("overlapping", [False, True])
@pytest.mark.parametrize("end", [None, (30, "after")])
def test_a_leaked_secret_ends_as_soon_as_everybody_has_another(
    *, overlapping: bool, end: tuple[int, str] | None
) -> None:
    there = world()
    run(there)
    if not overlapping:
        there.advance(2 * DAY)
        run(there)
    leaked = state(there).current
    assert leaked is not None
    there.mail.clear()  # no job is running: whoever has the secret is somebody else
    run(there, end, replace(POLICY, at_once=True, leaked=True))
    if end:
        there.advance(60)
        run(there)
    there.advance(PROPAGATION)
    assert not any(
        isinstance(there.rule(where, Token(id=GRANT.id, secret=leaked.secret)), Allowed) for where in there.locations
    )
    assert state(there).current != leaked
    assert there.mail["acme/robots"][-1][1].secret == state(there).current.secret  # type: ignore[union-attr]


def test_a_service_that_is_new_to_the_list_is_handed_what_is_current() -> None:
    there = world()
    run(there)
    there.advance(2 * DAY)
    run(there)
    run(there, grant=replace(GRANT, consumers=(*GRANT.consumers, "acme/late")))
    assert there.mail["acme/late"][-1][1] == there.mail["acme/robots"][-1][1]


def test_a_key_value_store_that_lost_a_secret_is_given_it_again() -> None:
    there = world()
    run(there)
    there.advance(2 * DAY)
    run(there)
    held = there.grants[GRANT.id]
    for place in (there.grants, *(where.grants for where in there.locations)):
        place[GRANT.id] = replace(held, hash=GRANT.hash)  # somebody put the registry's hash back by hand
    there.mail.clear()
    run(there)
    assert there.grants[GRANT.id].hash == held.hash


def test_two_runs_at_once_end_in_one_rotation() -> None:
    there = world()
    rival: list[bool] = []

    def other(world: World) -> None:
        world.meanwhile = None
        rival.append(run(world))

    there.meanwhile, there.meanwhile_at = other, 6
    run(there)
    there.advance(DAY)
    run(there)
    there.advance(DAY)
    assert run(there)
    assert rival
    assert {history[-1][1].secret for history in there.mail.values()} == {state(there).current.secret}  # type: ignore[union-attr]


# ---- cookies -------------------------------------------------------------------------------------------------------
def smith(there: World) -> Locksmith:
    return Locksmith(keys=SimKeys(there), new_key=lambda: new_cookie_key(CookieKeyType.EC), url=URL)


def turn(there: World, kill: tuple[int, str] | None = None, policy: CookiePolicy = COOKIES) -> bool:
    there.calls, there.kill = 0, kill
    try:
        rotate_cookie_key(there.desk(), smith(there), policy)
    except (Killed, RemoteError):
        return False
    finally:
        there.kill = None
    return True


def issue(there: World) -> None:
    """Somebody takes cookies; they last as long as any may."""
    with suppress(UsageError):
        until = there.now + COOKIES.cookie
        signed = issue_cookies(SimVault(there), URL, until)
        there.cookies.append((signed.cookies["CloudFront-Key-Pair-Id"].reveal(), (until - NOW).total_seconds()))


def live(there: World, seconds: float) -> None:
    """So much time goes by, in which cookies are taken again and again."""
    step = max(seconds / 6, 1.0)
    for _ in range(6):
        issue(there)
        there.advance(step)
    there.cookies = [each for each in there.cookies if each[1] > there.t]


@given(st.integers(0, 2**32), RUNS)
@settings(max_examples=20, deadline=None)
def test_every_cookie_opens_until_its_end_whatever_happens_to_the_keys(
    seed: int, runs: list[tuple[tuple[int, str] | None, float]]
) -> None:
    cookie_history(seed, runs)


@pytest.mark.slow
@given(st.integers(0, 2**32), RUNS)
@settings(max_examples=300, deadline=None)
def test_every_cookie_of_very_many_histories_opens(seed: int, runs: list[tuple[tuple[int, str] | None, float]]) -> None:
    cookie_history(seed, runs)


def cookie_history(seed: int, runs: list[tuple[tuple[int, str] | None, float]]) -> None:
    there = World(rng=random.Random(seed))  # noqa: S311 (a simulation)
    for kill, gap in runs:
        turn(there, kill)
        live(there, gap)
    while not turn(there):
        live(there, 60)
    for _ in range(3):
        live(there, DAY)
        assert turn(there)
    there.advance(PROPAGATION)
    assert len(there.group) == 2  # the key that nobody has, and one
    assert set(there.group) == set(there.public)  # nothing is left behind
    assert "nobody" in there.group


@pytest.mark.slow
@pytest.mark.parametrize("end", ["before", "after"])
def test_the_rotation_of_the_key_may_die_at_every_single_call(end: str) -> None:
    def due() -> World:
        there = World()
        turn(there)
        live(there, 90 * DAY + 1)
        return there

    there = due()
    turn(there)
    for number in range(there.calls):
        there = due()
        there.calls = 0
        turn(there, (number, end))
        live(there, DAY)
        turn(there)
        live(there, DAY)
        assert turn(there)
        assert set(there.group) == set(there.public), number


def test_the_group_is_never_made_larger_than_it_may_be() -> None:
    there = World(group=("a", "b", "c", "d", "e"), public=dict.fromkeys("abcde", b""))
    with pytest.raises(UsageError, match="key group has 5 keys"):
        rotate_cookie_key(there.desk(), smith(there), COOKIES)
    assert not there.secrets


def test_the_account_is_asked_for_no_eleventh_key() -> None:
    there = World(public=dict.fromkeys(["nobody", *"abcdefghi"], b""))
    with pytest.raises(UsageError, match="account has 10 public keys"):
        rotate_cookie_key(there.desk(), smith(there), COOKIES)
    assert not there.secrets


def test_a_private_key_is_kept_before_its_public_half_is_anywhere() -> None:
    there = World()
    for number in range(12):
        with suppress(Killed):
            there.calls, there.kill = 0, (number, "after")
            rotate_cookie_key(there.desk(), smith(there), COOKIES)
        if len(there.public) > 1:
            assert there.secrets
