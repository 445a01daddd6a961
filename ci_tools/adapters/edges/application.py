"""The local edge as an ASGI application: in one process, what CloudFront does in front of a bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from ci_tools.adapters.edges.answers import problem, refused
from ci_tools.adapters.edges.behaviours import Behaviours, Refused
from ci_tools.adapters.edges.objects import NO_OBJECT, Objects
from ci_tools.core.edge_rule import Denied, EdgeRequest
from ci_tools.core.tokens import redacted
from ci_tools.errors import ChannelError, NotFoundError
from ci_tools.ports import ObjectStore

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """What the edge serves. `stores` is by channel path (`acme`, `pr/12`); `state` the file of a LocalEdge.

    `is_open` answers `/<channel>/…` without cookies, for a machine of one's own; `clock` gives the UTC time;
    `log` takes one line for each request, without any secret.
    """

    stores: Mapping[str, ObjectStore]
    state: Path
    clock: Callable[[], datetime]
    log: Callable[[str], None]
    is_open: bool = False


@dataclass(slots=True)
class _Exchange:
    """One request and what became of it."""

    request: EdgeRequest
    headers: Headers
    who: str = "-"  # the id of the token, or of the key that signed the cookies
    shown: str = "-"  # the path, once it is known that no credential is in it
    status: int = 0
    sent: int = 0
    began: float = field(default_factory=time.perf_counter)

    def line(self) -> str:
        """Method, who, path, status, bytes, milliseconds."""
        spent = (time.perf_counter() - self.began) * 1000
        return f"{self.request.method} {self.who} {self.shown} {self.status} {self.sent} {spent:.1f}ms"


class EdgeApplication:
    """Behaviour by path, the rule, the cache on the rewritten path, the store."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._log = settings.log
        self._behaviours = Behaviours(settings.state, settings.clock, is_open=settings.is_open)
        self._objects = Objects(settings.stores)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        request = EdgeRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            authorization=", ".join(headers.getlist("authorization")),  # two of them are none
        )
        exchange = _Exchange(request=request, headers=headers)

        async def counted(message: Message) -> None:
            exchange.status = message.get("status", exchange.status)
            exchange.sent += len(message.get("body", b""))
            await send(message)

        response = await self._respond(exchange, scope)
        await response(scope, receive, counted)
        self._log(exchange.line())

    async def _respond(self, exchange: _Exchange, scope: Scope) -> Response:
        request = exchange.request
        try:
            verdict = self._behaviours.verdict(request, scope, exchange.headers)
            if isinstance(verdict, Refused):
                exchange.who = verdict.key or "-"
                return refused(request.method, verdict.code)
            exchange.who = verdict.token or "-"
            if isinstance(verdict, Denied):
                return _denied(request, verdict)
            exchange.shown = redacted(verdict.path)
            return await self._objects.answer(request.method, exchange.headers, verdict.path, self._behaviours.epoch)
        except NotFoundError:
            return problem(request.method, 404, NO_OBJECT)
        except ChannelError:
            return problem(request.method, 503, "the channel cannot be read just now")


def _denied(request: EdgeRequest, verdict: Denied) -> Response:
    extra: dict[str, str] = {}
    if verdict.status == 405:  # noqa: PLR2004 (RFC 9110, 15.5.6 wants Allow)
        extra = {"allow": "GET, HEAD"}
    elif verdict.status == 401 and request.path.startswith("/b/"):  # noqa: PLR2004 (RFC 9110, 15.5.2)
        extra = {"www-authenticate": 'Basic realm="channel"'}
    return problem(request.method, verdict.status, verdict.detail, extra)
