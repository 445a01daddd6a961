"""The states of rotations as text for the vault, and back."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ci_tools.core.cookie_rotation import CookieState, KeySlot
from ci_tools.core.secret import Secret
from ci_tools.core.token_rotation import Slot, TokenState
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

State = TypeVar("State", TokenState, CookieState)
HINT = "the rotation begins anew without it: delete this secret, then: channel access rotate"


def _slot(held: Mapping[str, Any]) -> Slot:
    return Slot(secret=Secret(held["secret"]), made=datetime.fromisoformat(held["made"]))


def _key(held: Mapping[str, Any]) -> KeySlot:
    return KeySlot(pem=Secret(held["pem"]), made=datetime.fromisoformat(held["made"]), id=held["id"])


READERS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    TokenState: {
        "current": _slot, "pending": _slot, "base": str, "admitted": datetime.fromisoformat, "delivered": tuple,
        "retired": str, "retired_secret": Secret, "until": datetime.fromisoformat,
        "hurried": bool,
    },
    CookieState: {
        "current": _key, "pending": _key, "trusted": datetime.fromisoformat, "retired": _key,
        "until": datetime.fromisoformat, "hurried": bool,
    },
}  # fmt: skip


def state_text(state: TokenState | CookieState) -> Secret:
    """What is written down; equal states give equal texts."""
    return Secret(json.dumps(_plain(state), sort_keys=True, separators=(",", ":")))


def read_state(kind: type[State], text: Secret | None, where: str) -> State:
    """The state in `text`, or that of before the first rotation. StoreError names `where` and quotes nothing."""
    if text is None:
        return kind()
    try:
        held = json.loads(text.reveal())
        values = {name: read(held[name]) for name, read in READERS[kind].items() if held.get(name) is not None}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"the secret `{where}` is not what a rotation wrote", hint=HINT) from None
    return kind(**values)


def _plain(value: object) -> object:
    match value:
        case Secret():
            return value.reveal()
        case datetime():
            return value.isoformat()
        case tuple():
            return list(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
