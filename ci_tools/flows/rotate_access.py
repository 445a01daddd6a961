"""Everything about access that rotates, one after the other: what fails is told at the end and stops nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.access import GrantKind
from ci_tools.core.cookie_rotation import CookiePolicy
from ci_tools.core.token_rotation import TokenPolicy
from ci_tools.errors import ChannelError, UsageError
from ci_tools.flows.rotate_cookies import Locksmith, rotate_cookie_key
from ci_tools.flows.rotate_tokens import Desk, Turn, rotate_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.ports import GrantRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How things rotate. `only` is one grant, by id or name, or `cookie-key`; all where it is empty."""

    tokens: TokenPolicy
    cookies: CookiePolicy
    only: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was done, and what waits for what; `failures` went wrong."""

    turns: tuple[Turn, ...]
    failures: tuple[ChannelError, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was due."""
        return any(turn.done for turn in self.turns)


COOKIE_KEY = "cookie-key"


def rotate_access(registry: GrantRegistry, desk: Desk, smith: Locksmith, rotation: Rotation) -> Rotated:
    """Do what is due. UsageError where `only` names nothing that rotates."""
    turns: list[Turn] = []
    failures: list[ChannelError] = []
    for turn in _turns(registry, desk, smith, rotation):
        try:
            turns.append(turn())
        except ChannelError as exc:
            failures.append(exc)
    return Rotated(turns=tuple(turns), failures=tuple(failures))


def _turns(registry: GrantRegistry, desk: Desk, smith: Locksmith, rotation: Rotation) -> list[Callable[[], Turn]]:
    only = rotation.only
    services = [g for g in registry.grants() if g.kind is GrantKind.SERVICE and g.consumers]
    wanted = [g for g in services if not only or only in {g.id, g.name}]
    turns: list[Callable[[], Turn]] = [lambda g=g: rotate_token(desk, g, rotation.tokens) for g in wanted]  # type: ignore[misc]
    if only in {"", COOKIE_KEY}:
        turns.append(lambda: rotate_cookie_key(desk, smith, rotation.cookies))
    if not turns:
        hint = "a service rotates when its entry names `consumers`; `cookie-key` is the key of cookies"
        raise UsageError(f"nothing called `{only}` rotates", hint=hint)
    return turns
