"""A token: who asks, and the proof; `<id: 12 hex>-<secret: 40 hex>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from ci_tools.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

# Only these characters: conda cuts a token at the first other one, and crashes on an underscore.
TOKEN = re.compile(r"([0-9a-f]{12})-([0-9a-f]{40})")
# What a token looks like wherever it was pasted; wider than TOKEN so that a mangled one is found, too.
LOOKS_LIKE_A_TOKEN = re.compile(r"(?<![0-9A-Za-z])([0-9A-Fa-f]{12})-[0-9A-Fa-f]{40}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Kept nowhere but with its owner; everybody else has `hash`."""

    id: str
    secret: Secret  # 40 lower-hex digits: 160 random bits, so a plain hash keeps them

    @property
    def hash(self) -> str:
        """The lower-hex SHA-256 of the secret's text."""
        return sha256(self.secret.reveal().encode()).hexdigest()

    @property
    def text(self) -> Secret:
        """The whole token, as a client is given it."""
        return Secret(f"{self.id}-{self.secret.reveal()}")


def new_token(random_bytes: Callable[[int], bytes]) -> Token:
    """A token made from `random_bytes(count)`, which must be a source fit for keys (`secrets.token_bytes`)."""
    return Token(id=random_bytes(6).hex(), secret=Secret(random_bytes(20).hex()))


def parse_token(text: str) -> Token | None:
    """The token that `text` is; None where it is none. One regular expression, whatever the text."""
    found = TOKEN.fullmatch(text)
    return Token(id=found[1], secret=Secret(found[2])) if found else None


def with_token(url: str, token: Token) -> Secret:
    """The address of the channel at `url` with the token in it, as conda clients write it: `https://HOST/t/TOKEN/…`."""
    parts = urlsplit(url)
    return Secret(f"{parts.scheme}://{parts.netloc}/t/{token.text.reveal()}{parts.path}")


def without_token(url: str) -> str:
    """The address of a channel or a package without the token, user and password that may be in it."""
    parts = urlsplit(url)
    path = re.sub(r"^/t/[^/]*/", "/", parts.path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def redacted(text: str) -> str:
    """`text` with every token in it cut down to its id."""
    return LOOKS_LIKE_A_TOKEN.sub(r"\1-***", text)
