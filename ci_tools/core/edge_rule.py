"""The rule of the edge: who may read what by token. Its twin in JavaScript runs in CloudFront, on the same vectors."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from ci_tools.core.access import GATES, Grant, tombstone
from ci_tools.core.secret import Secret
from ci_tools.core.tokens import Token, parse_token

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONGEST_PATH = 8192  # bytes; CloudFront's limit for a URL
# RFC 3986 segments, none empty, none a single dot; an escape may only stand for a printable ASCII character that is
# no `.`, `/`, `\` or `%`. So no decoding, here or at the origin, moves a path across a segment.
SAFE = re.compile(r"(?:/(?!\.(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2[5EFef]|5[Cc]|7[Ff])[2-7][0-9A-Fa-f])+)*/?")
# RFC 7617, with base64 in its one canonical length.
BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)")

# What an unknown id is compared with: as much work as for a known one.
NOBODY = tombstone("0" * 12)
NOTHING = Token(id="", secret=Secret("0" * 40))
NO_HASH = "-" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRequest:
    """What of a request the rule looks at: `path` raw, as sent, without the query; `authorization` the header or ""."""

    method: str
    path: str
    authorization: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Go on with `path`: gate and token cut off, `+` as `%2B` (an S3 path takes `+` for a space)."""

    path: str
    token: str  # the token's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Answer `status` with `detail`; `token` is the id that was shown, where there was one."""

    status: int
    detail: str
    token: str = ""


def edge_rule(request: EdgeRequest, lookup: Callable[[str], Grant | None], now: datetime) -> Allowed | Denied:
    """What becomes of a request at `/t/<token>/<channel>/…` or `/b/<channel>/…`.

    `lookup` gives the grant of a token id that the edge holds. Unknown, expired, revoked and malformed tokens get
    401, a right token on another channel 403, methods other than GET and HEAD 405, unsafe paths 400.
    """
    if refused := refusal(request):
        return refused
    gate, _, rest = request.path[1:].partition("/")
    if gate not in GATES:
        return Denied(status=401, detail="a token is needed here")
    if gate == "t":
        text, _, rest = rest.partition("/")
        token = parse_token(text)
    else:
        token = basic_token(request.authorization)
    return _answer(token, (lookup(token.id) if token else None) or NOBODY, rest, now)


def refusal(request: EdgeRequest) -> Denied | None:
    """What is refused whoever asks: a method other than GET and HEAD, and a path that plays tricks."""
    if request.method not in {"GET", "HEAD"}:
        return Denied(status=405, detail="only GET and HEAD are answered here")
    safe = len(request.path) <= LONGEST_PATH and ".." not in request.path and request.path.startswith("/")
    if not safe or not SAFE.fullmatch(request.path):
        return Denied(status=400, detail="this path is not one that a channel has")
    return None


def basic_token(authorization: str) -> Token | None:
    """The token in an HTTP Basic header: `id:secret`, or any user name with the whole token as password."""
    found = BASIC.fullmatch(authorization)
    if not found:
        return None
    user, _, password = b64decode(found[1]).decode("latin-1").partition(":")
    return parse_token(password) or parse_token(f"{user}-{password}")


def _answer(token: Token | None, grant: Grant, rest: str, now: datetime) -> Allowed | Denied:
    shown = (token or NOTHING).hash
    current = compare_digest(shown, grant.hash or NO_HASH)
    previous = compare_digest(shown, grant.previous_hash or NO_HASH)
    if token is None:
        return Denied(status=401, detail="this is not a whole token: 12 digits, a dash, 40 digits, all of 0-9a-f")
    if not (current or previous):
        return Denied(status=401, detail="this token is unknown or was revoked", token=token.id)
    open_until = grant.expires if current else min(grant.expires, grant.previous_expires or grant.expires)
    if now >= open_until:
        return Denied(status=401, detail=f"token {token.id} has expired", token=token.id)
    if not grant.covers(rest):
        return Denied(status=403, detail=f"token {token.id} does not open this channel", token=token.id)
    return Allowed(path="/" + rest.replace("+", "%2B"), token=token.id)
