"""The local edge as an ASGI application: in one process, what CloudFront does in front of a bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from ci_tools.adapters.edges.answers import missing_key, problem, whole
from ci_tools.adapters.edges.cache import Copies, Copy
from ci_tools.adapters.edges.local import EdgeState, read_state
from ci_tools.core.conditional import Span, asked_span, is_unchanged, quoted
from ci_tools.core.edge_rule import Allowed, Denied, EdgeRequest, edge_rule, refusal
from ci_tools.core.freshness import freshness_of, is_package, max_age
from ci_tools.core.layout import checked_key, content_type
from ci_tools.core.tokens import redacted
from ci_tools.errors import ChannelError, NotFoundError, StoreError
from ci_tools.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message, Receive, Scope, Send

GATES = ("/t/", "/b/")
NO_OBJECT = "there is no such file in this channel"
Signature = tuple[int, int, int]


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
    who: str = "-"  # the token's id
    shown: str = "-"  # the path, once it is known that no credential is in it
    status: int = 0
    sent: int = 0
    began: float = field(default_factory=time.perf_counter)

    def line(self) -> str:
        """Method, token id, path, status, bytes, milliseconds."""
        spent = (time.perf_counter() - self.began) * 1000
        return f"{self.request.method} {self.who} {self.shown} {self.status} {self.sent} {spent:.1f}ms"


class EdgeApplication:
    """Behaviour by path, the rule, the cache on the rewritten path, the store."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self._copies = Copies()
        self._signature: Signature | None = None
        self._state = EdgeState(grants={}, epoch=0)

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

        response = await self._respond(exchange)
        await response(scope, receive, counted)
        self._settings.log(exchange.line())

    async def _respond(self, exchange: _Exchange) -> Response:
        request = exchange.request
        try:
            verdict = self._verdict(request)
            if verdict is None:
                return missing_key(request.method)
            exchange.who = verdict.token or "-"
            if isinstance(verdict, Denied):
                return _denied(request, verdict)
            exchange.shown = redacted(verdict.path)
            return await self._object(exchange, verdict.path)
        except NotFoundError:
            return problem(request.method, 404, NO_OBJECT)
        except ChannelError:
            return problem(request.method, 503, "the channel cannot be read just now")

    def _verdict(self, request: EdgeRequest) -> Allowed | Denied | None:
        """What the behaviour of the path says; None is CloudFront's refusal for want of signed cookies."""
        if request.path.startswith(GATES):
            return edge_rule(request, self._current().grants.get, self._settings.clock())
        refused = refusal(request)
        if refused or not self._settings.is_open:
            return refused
        self._current()
        return Allowed(path=request.path.replace("+", "%2B"), token="")

    def _current(self) -> EdgeState:
        """The state of this very moment: read again whenever the file is another one."""
        try:
            stat = self._settings.state.stat()
            signature: Signature | None = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            signature = None
        except OSError as exc:
            raise StoreError("the state of the edge cannot be read", detail=str(exc)) from exc
        if signature != self._signature:
            self._state = read_state(self._settings.state)
            self._signature = signature
        return self._state

    async def _object(self, exchange: _Exchange, path: str) -> Response:
        store, key = self._place(unquote(path[1:]))
        if is_package(key):
            return await self._package(exchange, store, key)
        epoch, now = self._state.epoch, time.monotonic()
        copy = self._copies.find(path, epoch, now)
        if copy is None:
            copy = await run_in_threadpool(_read, store, key, now)
            self._copies.keep(path, copy, epoch)
        return _document(exchange, copy)

    def _place(self, path: str) -> tuple[ObjectStore, str]:
        """The store of the channel with the longest name that `path` is in, and the key below it."""
        for channel in sorted(self._settings.stores, key=len, reverse=True):
            if path.startswith(f"{channel}/"):
                return self._settings.stores[channel], _key(path.removeprefix(f"{channel}/"))
        raise NotFoundError(NO_OBJECT)

    async def _package(self, exchange: _Exchange, store: ObjectStore, key: str) -> Response:
        """A package in chunks as the store gives them, so that a large one takes no memory."""
        head = await run_in_threadpool(store.head, key)
        etag = quoted(head.etag)
        headers = _headers(key, etag)
        if is_unchanged(exchange.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        span = _span(exchange, etag, head.size)
        if span and not span.satisfiable:
            return _unsatisfiable(exchange, head.size)
        start, stop = (span.start, span.stop) if span else (0, head.size)
        headers = {**headers, **_partial(span, head.size), "content-length": str(stop - start)}
        if exchange.request.method == "HEAD" or start == stop:
            return Response(status_code=200, headers=headers)
        chunks = await run_in_threadpool(store.stream, key, start, stop)
        return StreamingResponse(_whole_chunks(chunks), 206 if span else 200, headers)


def _denied(request: EdgeRequest, verdict: Denied) -> Response:
    extra: dict[str, str] = {}
    if verdict.status == 405:  # noqa: PLR2004 (RFC 9110, 15.5.6 wants Allow)
        extra = {"allow": "GET, HEAD"}
    elif verdict.status == 401 and request.path.startswith("/b/"):  # noqa: PLR2004 (RFC 9110, 15.5.2)
        extra = {"www-authenticate": 'Basic realm="channel"'}
    return problem(request.method, verdict.status, verdict.detail, extra)


def _key(path: str) -> str:
    try:
        return checked_key(path)
    except StoreError as exc:  # a folder, or nothing: there are no listings
        raise NotFoundError(NO_OBJECT) from exc


def _headers(key: str, etag: str) -> dict[str, str]:
    return {
        "content-type": content_type(key),
        "cache-control": freshness_of(key).value,
        "etag": etag,
        "accept-ranges": "bytes",
    }


def _read(store: ObjectStore, key: str, now: float) -> Copy:
    """The document with what is sent beside it; body and etag are of one read, so they belong together."""
    stored = store.get(key)
    etag = quoted(stored.head.etag)
    return Copy(body=stored.body, etag=etag, headers=_headers(key, etag), until=now + max_age(freshness_of(key)))


def _document(exchange: _Exchange, copy: Copy) -> Response:
    if is_unchanged(exchange.headers.get("if-none-match", ""), copy.etag):
        return Response(status_code=304, headers=copy.headers)
    span = _span(exchange, copy.etag, len(copy.body))
    if span is None:
        return whole(exchange.request.method, 200, copy.body, copy.headers)
    if not span.satisfiable:
        return _unsatisfiable(exchange, len(copy.body))
    part = copy.body[span.start : span.stop]
    return whole(exchange.request.method, 206, part, {**copy.headers, **_partial(span, len(copy.body))})


def _span(exchange: _Exchange, etag: str, size: int) -> Span | None:
    if exchange.request.method != "GET":  # RFC 9110, 14.2: a Range on any other method is ignored
        return None
    wanted = exchange.headers.getlist("range")
    return asked_span(wanted[0], exchange.headers.get("if-range", ""), etag, size) if len(wanted) == 1 else None


def _partial(span: Span | None, size: int) -> dict[str, str]:
    return {"content-range": f"bytes {span.start}-{span.stop - 1}/{size}"} if span else {}


def _unsatisfiable(exchange: _Exchange, size: int) -> Response:
    extra = {"content-range": f"bytes */{size}"}
    return problem(exchange.request.method, 416, "there are no such bytes in this file", extra)


def _whole_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """`chunks`; where the store fails midway the answer stays short, which every client notices."""
    try:
        yield from chunks
    except ChannelError:
        return
