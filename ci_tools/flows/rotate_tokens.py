"""The rotation of services' secrets: one recorded step after the other, until nothing is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ci_tools.core.access import Grant
from ci_tools.core.consumers import parse_consumer
from ci_tools.core.rotation_state import read_state, state_text
from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import (
    Apply,
    Confirm,
    Deliver,
    Mint,
    Promote,
    Rest,
    Retire,
    Slot,
    TokenPolicy,
    TokenState,
    minted,
    next_token_step,
)
from ci_tools.core.tokens import Token
from ci_tools.errors import RemoteError, UsageError
from ci_tools.ports import Edge
from ci_tools.ports.rotation import Answer, Deliveries, Doorbell, Vault

STEPS = 200  # of one rotation in one run; more is a bug
POLLS, EVERY = 60, 2.0  # of the edge, and the seconds between them
PATIENCE = timedelta(minutes=3)  # that a run waits; what takes longer is the next run's


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a rotation works with. `pause` waits for so many seconds; `random_bytes` is fit for keys."""

    edge: Edge
    vault: Vault
    doorbell: Doorbell
    deliveries: Deliveries
    random_bytes: Callable[[int], bytes]
    pause: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What was done about one thing that rotates, and what it waits for; `until` by the edge's clock."""

    subject: str
    done: tuple[str, ...]
    waits: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is recorded, what the edge holds, in the version that it was read from, and whether a secret leaked."""

    state: TokenState
    held: Grant | None
    seen: str
    hurried: bool


def rotate_token(desk: Desk, grant: Grant, policy: TokenPolicy) -> Turn:
    """Do what is due for the service `grant` of the registry. Run again after any end of it, it goes on from there."""
    done: list[str] = []
    name = f"rotation/token-{grant.id}"
    for _ in range(STEPS):
        kept = desk.vault.read(name)
        state = read_state(TokenState, kept.text if kept else None, name)
        found = _found(desk, grant, state, hurried=policy.leaked)
        step = next_token_step(grant, found.held, state, policy, desk.doorbell.moment())
        if isinstance(step, Rest):
            if _waited(desk, step):
                continue
            return Turn(subject=grant.name, done=tuple(done), waits=step.why, until=step.until)
        after, said = _carried_out(desk, grant, found, step)
        if after != state:
            desk.vault.write(name, state_text(after), kept.version if kept else "")
        if isinstance(step, Mint):
            policy = replace(policy, at_once=False, leaked=False)
        done.append(said)
    raise RemoteError(f"the rotation of `{grant.name}` does not come to an end", hint="run it again with -v")


def _found(desk: Desk, grant: Grant, state: TokenState, *, hurried: bool) -> _Found:
    seen = desk.edge.seen()  # before what it is the version of
    held = next((each for each in desk.edge.admitted() if each.id == grant.id), None)
    return _Found(state=state, held=held, seen=seen, hurried=hurried)


def _carried_out(desk: Desk, grant: Grant, found: _Found, step: object) -> tuple[TokenState, str]:
    """The state after `step`, and what was done."""
    state, held = found.state, found.held
    match step:
        case Mint() if held is not None:
            slot = Slot(secret=Secret(desk.random_bytes(20).hex()), made=desk.doorbell.moment())
            return minted(state, slot, held, hurried=found.hurried), "made a new secret"
        case Apply(grant=wanted):
            desk.edge.admit([wanted], seen=found.seen)
            return state, "told the edge"
        case Confirm(slot=slot):
            answer = until_answered(desk.pause, lambda: _ask(desk, grant, slot.secret), is_in=True)
            return replace(state, admitted=answer.at), "the edge lets the new secret in"
        case Deliver(consumer=consumer, slot=slot):
            _deliver(desk, grant, consumer, slot)
            return replace(state, delivered=(*state.delivered, consumer)), f"handed it to {consumer}"
        case Promote(state=after):
            return after, "every consumer has it; the old one ends with the overlap"
        case Retire(secret=secret, state=after):
            if secret is not None:
                until_answered(desk.pause, lambda: _ask(desk, grant, secret), is_in=False)
            return after, "the edge refuses the old secret"
        case _:
            raise AssertionError(step)


def until_answered(pause: Callable[[float], None], ask: Callable[[], Answer], *, is_in: bool) -> Answer:
    """The first answer that lets in, or refuses. RemoteError where it does not come in two minutes."""
    for _ in range(POLLS):
        answer = ask()
        if answer.is_in == is_in:
            return answer
        pause(EVERY)
    what = "does not let in what it was told to" if is_in else "still lets in what it was told to refuse"
    raise RemoteError(f"the edge {what}", hint="the next run goes on from here; AWS may be slow today")


def _ask(desk: Desk, grant: Grant, secret: Secret) -> Answer:
    return desk.doorbell.with_token(Token(id=grant.id, secret=secret), grant.channels[0])


def _deliver(desk: Desk, grant: Grant, text: str, slot: Slot) -> None:
    consumer = parse_consumer(text)
    if consumer is None:
        raise UsageError(f"`{text}` is no consumer", hint="write OWNER/NAME, OWNER/NAME:SECRET or vault:NAME")
    desk.deliveries.deliver(consumer, Token(id=grant.id, secret=slot.secret))


def _waited(desk: Desk, rest: Rest) -> bool:
    if rest.until is None:
        return False
    left = rest.until - desk.doorbell.moment()
    if left > PATIENCE:
        return False
    desk.pause(max(1.0, left.total_seconds() + 1))
    return True
