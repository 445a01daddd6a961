"""What a rotation and cookies look like on stdout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.flows.rotate_tokens import Turn

if TYPE_CHECKING:
    from ci_tools.core.cookie_signing import SignedCookies
    from ci_tools.flows.rotate_access import Rotated


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationReport:
    """What was done about each thing that rotates, and what it waits for."""

    turns: tuple[Turn, ...]

    @classmethod
    def of(cls, rotated: Rotated) -> RotationReport:
        """What is told of a run."""
        return cls(turns=rotated.turns)


def rotation_text(report: RotationReport) -> str:
    """`nothing due`, or a paragraph for each."""
    busy = [turn for turn in report.turns if turn.done]
    lines = [line for turn in busy for line in (turn.subject, *(f"  {each}" for each in turn.done), f"  {_next(turn)}")]
    if busy or not report.turns:
        return "\n".join(lines)
    return "\n".join(("nothing due", *(f"  {turn.subject}: {_next(turn)}" for turn in report.turns)))


def _next(turn: Turn) -> str:
    return f"{turn.waits}, until {turn.until:%Y-%m-%d %H:%M} UTC" if turn.until else turn.waits


def cookies_json(signed: SignedCookies) -> str:
    """Cookies by name, for programs; stdout or a file for the owner alone is the only place that they go to."""
    held = {
        "resource": signed.resource,
        "expires": f"{signed.expires:%Y-%m-%dT%H:%M:%SZ}",
        "cookies": {name: value.reveal() for name, value in signed.cookies.items()},
    }
    return json.dumps(held, indent=2, sort_keys=True) + "\n"
