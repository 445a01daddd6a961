"""Who may read which channels until when: grants, tokens, and the rule of the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GrantKind(StrEnum):
    """A person's grant is changed by pull request; a service's hashes are owned by the rotation job."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One entry of the registry. `hash` is the lower-hex SHA-256 of the secret's text; the secret is nowhere here."""

    id: str  # 12 hex
    name: str
    owner: str
    channels: tuple[str, ...]
    expires: datetime  # UTC
    hash: str
    kind: GrantKind = GrantKind.PERSON
    previous_hash: str = ""
    previous_expires: datetime | None = None
