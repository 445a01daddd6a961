"""Who may read which channels until when: grants, and the record of one at the edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

ID = re.compile(r"[0-9a-f]{12}")
HASH = re.compile(r"[0-9a-f]{64}")
# CEP 26: channel names are lower case; a channel below another (`pr/12`) is one more segment.
CHANNEL = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
GATES = frozenset({"t", "b"})  # what the edge answers itself: no channel may begin with one
EPOCH = datetime.fromtimestamp(0, UTC)
LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z, the end of datetime
SOON = timedelta(days=14)


class GrantKind(StrEnum):
    """A person's grant is changed by pull request; a service's hashes are owned by the rotation job."""

    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One entry of the registry. `hash` is the lower-hex SHA-256 of the secret's text; the secret is nowhere here.

    A channel opens everything below its path. `expires` is the first instant at which nothing of the grant opens
    anything; the previous hash has an earlier end of its own.
    """

    id: str  # 12 hex
    name: str
    owner: str
    channels: tuple[str, ...]
    expires: datetime  # UTC, whole seconds
    hash: str
    kind: GrantKind = GrantKind.PERSON
    previous_hash: str = ""
    previous_expires: datetime | None = None
    consumers: tuple[str, ...] = ()  # whom the rotation hands a service's token to

    @property
    def is_tombstone(self) -> bool:
        """Whether this stands for a refusal that no sync may undo (`channel access revoke --now`)."""
        return not self.hash

    def covers(self, path: str) -> bool:
        """Whether `path`, relative to the edge's root, is one of the channels or below one."""
        return any(path == channel or path.startswith(f"{channel}/") for channel in self.channels)


def tombstone(grant_id: str) -> Grant:
    """What the edge holds for a grant that was revoked before the registry says so: it opens nothing."""
    return Grant(id=grant_id, name="", owner="", channels=(), expires=EPOCH, hash="")


def is_channel(name: str) -> bool:
    """Whether `name` can be the path of a channel at the edge."""
    return CHANNEL.fullmatch(name) is not None and name.split("/", maxsplit=1)[0] not in GATES


def to_record(grant: Grant) -> dict[str, object]:
    """The edge's record of `grant`: `{h, c, e}` and, while an older secret still opens, `p: {h, e}`."""
    record: dict[str, object] = {"h": grant.hash, "c": list(grant.channels), "e": int(grant.expires.timestamp())}
    if grant.previous_hash and grant.previous_expires:
        record["p"] = {"h": grant.previous_hash, "e": int(grant.previous_expires.timestamp())}
    return record


def from_record(grant_id: str, record: object) -> Grant | None:
    """The grant that an edge's record stands for; None where it is not one, so that nobody is let in by it."""
    match record:
        case {"h": str(hashed), "c": list(channels), "e": expires, "p": {"h": str(older), "e": older_expires}}:
            pass
        case {"h": str(hashed), "c": list(channels), "e": expires, **rest} if "p" not in rest:
            older, older_expires = "", 0
        case _:
            return None
    if not (_is_hash(hashed) and _is_hash(older) and _is_epoch(expires) and _is_epoch(older_expires)):
        return None
    if not all(isinstance(channel, str) and is_channel(channel) for channel in channels):
        return None
    return Grant(
        id=grant_id,
        name="",
        owner="",
        channels=tuple(channels),
        expires=datetime.fromtimestamp(expires, UTC),
        hash=hashed,
        previous_hash=older,
        previous_expires=datetime.fromtimestamp(older_expires, UTC) if older else None,
    )


def _is_hash(value: str) -> bool:
    return not value or HASH.fullmatch(value) is not None


def _is_epoch(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND
