"""What the rotation asks of the world: a vault, the edge as a client sees it, the keys of cookies, the consumers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ci_tools.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.consumers import Consumer
    from ci_tools.core.tokens import Token

UNAUTHORISED, FORBIDDEN = 401, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A secret and the version that it is."""

    text: Secret
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the edge said to a client, and when, by its own clock."""

    status: int
    at: datetime

    @property
    def is_in(self) -> bool:
        """Whether the credential was taken: what is missing behind it is no refusal."""
        return self.status not in {UNAUTHORISED, FORBIDDEN}


class Vault(Protocol):
    """Secrets by name (`a/b`), each a text of 64 KB at most."""

    def read(self, name: str) -> Kept | None:
        """The present version; None where there is none."""

    def write(self, name: str, text: Secret, replaces: str) -> str:
        """Keep `text` instead of the version `replaces` ("" where there is none); the new version.

        ConflictError, and nothing changed, where another version is the present one.
        """


class Doorbell(Protocol):
    """Asks the edge as a client does. RemoteError where it does not answer, or with an error of its own."""

    def moment(self) -> datetime:
        """The edge's own time, UTC."""

    def with_token(self, token: Token, channel: str) -> Answer:
        """What is said to a client with this token at the channel."""

    def with_cookies(self, cookies: Mapping[str, Secret]) -> Answer:
        """What is said to a client with these cookies at the channel of channel.yaml."""


class CookieKeys(Protocol):
    """The public keys that the edge has, and the group of those that it trusts. Every method is idempotent."""

    def known(self) -> tuple[str, ...]:
        """The ids of every public key, whoever it is of: the quota counts them all."""

    def trusted(self) -> tuple[str, ...]:
        """The ids of the keys whose cookies are taken."""

    def register(self, pem: bytes) -> str:
        """Let the edge have this public key, trusted or not; its id, the same one for the same key."""

    def trust(self, key_id: str) -> None:
        """Take cookies of this key from now on; the others stay."""

    def distrust(self, key_id: str) -> None:
        """Take cookies of this key no longer; the others stay. UsageError where it is the last."""

    def forget(self, key_id: str) -> None:
        """Delete a public key that is not trusted; it is no error where there is none."""


class Deliveries(Protocol):
    """Hands a service's token to whoever works with it."""

    def deliver(self, consumer: Consumer, token: Token) -> None:
        """Let the consumer have it from its next run on. RemoteError where it cannot be reached."""
