"""What the edge decides by path, before it looks for a file: token, signed cookies, or nothing asked."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ci_tools.adapters.edges.local import EdgeState, read_state
from ci_tools.core.cookie import KEY, CookieRefusal, cookie_refusal, parse_cookies
from ci_tools.core.edge_rule import Allowed, Denied, EdgeRequest, edge_rule, refusal
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from starlette.datastructures import Headers
    from starlette.types import Scope

GATES = ("/t/", "/b/")
NOBODY = "0.0.0.0"  # noqa: S104 (an address that no request comes from)
Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """CloudFront's own refusal, before any function is asked; `key` is the id of the key that was named."""

    code: CookieRefusal
    key: str


class Behaviours:
    """The state of the edge, read again whenever its file is another one, and what follows from it for a request."""

    def __init__(self, state: Path, clock: Callable[[], datetime], *, is_open: bool) -> None:
        self._file = state
        self._clock = clock
        self._is_open = is_open
        self._signature: Signature | None = None
        self._state = EdgeState(grants={}, keys={}, epoch=0)

    @property
    def epoch(self) -> int:
        """The epoch of the cache, as the last verdict found it."""
        return self._state.epoch

    def verdict(self, request: EdgeRequest, scope: Scope, headers: Headers) -> Allowed | Denied | Refused:
        """What becomes of the request. StoreError where the state of the edge cannot be read."""
        state = self._current()
        if request.path.startswith(GATES):
            return edge_rule(request, state.grants.get, self._clock())
        who = "" if self._is_open else self._holder(state, scope, headers)
        if isinstance(who, Refused):
            return who
        return refusal(request) or Allowed(path=request.path.replace("+", "%2B"), token=who)

    def _holder(self, state: EdgeState, scope: Scope, headers: Headers) -> str | Refused:
        """The id of the key that signed the cookies, where they open what is asked for."""
        cookies = parse_cookies("; ".join(headers.getlist("cookie")))
        code = cookie_refusal(cookies, state.keys, _url(scope, headers), _address(scope, headers), self._clock())
        key = cookies.get(KEY, "")
        if code:
            return Refused(code=code, key=key if key in state.keys else "")
        return key

    def _current(self) -> EdgeState:
        try:
            stat = self._file.stat()
            signature: Signature | None = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            signature = None
        except OSError as exc:
            raise StoreError("the state of the edge cannot be read", detail=str(exc)) from exc
        if signature != self._signature:
            self._state = read_state(self._file)
            self._signature = signature
        return self._state


def _url(scope: Scope, headers: Headers) -> str:
    """What the client asked for, as a policy names it: scheme, host, raw path and query.

    Only a program on this machine is believed that it took the request over TLS.
    """
    scheme = headers.get("x-forwarded-proto", "").strip().lower() if _is_proxied(scope) else ""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    host = headers.get("host", "").lower()
    path = scope["raw_path"].decode("latin-1")
    return f"{scheme if scheme in {'http', 'https'} else scope.get('scheme', 'http')}://{host}{path}{query}"


def _address(scope: Scope, headers: Headers) -> str:
    """Who asks: the last that a proxy on this machine names, else the peer."""
    peer = scope["client"][0] if scope.get("client") else NOBODY
    named = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() if _is_proxied(scope) else ""
    return named if _is_address(named) else peer


def _is_proxied(scope: Scope) -> bool:
    match scope.get("client"):
        case (str(peer), _) if _is_address(peer):
            return ip_address(peer).is_loopback
        case _:
            return False


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
