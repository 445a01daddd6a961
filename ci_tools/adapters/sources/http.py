"""A channel over HTTP, as any client reads it; the credential in the URL is used and never shown."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from ci_tools.adapters.sources.bounded import bounded
from ci_tools.core.layout import checked_key
from ci_tools.errors import NotFoundError, RemoteError, StoreError, TrustError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

PATIENCE = 30.0  # seconds between two chunks, not for a whole package
CONNECT = 10.0  # seconds
TRIES = 3  # of a connection; an answer is an answer
LONGEST_DETAIL = 500
TOKEN_SEGMENT = re.compile(r"/t/[^/]+(?=/|$)")
RETRY = "try again; if it stays so, look at the address and the network"
NOT_ALLOWED = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}


class HttpSource:
    """The channel at `url`, which may carry a token (`/t/<token>/`) or a user and password.

    `patience` is how many seconds may pass without a byte.
    Redirects are not followed: no channel of ours sends any, and a credential must not travel to another host.
    Others send packages from somewhere else (`redirects`): there the user and password stay behind.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE, redirects: int = 0) -> None:
        base = _parsed(url)
        auth = (base.username, base.password) if base.username else None
        self._base = str(base.copy_with(userinfo=b""))
        transport = httpx.HTTPTransport(retries=TRIES)
        timeout = httpx.Timeout(patience, connect=CONNECT)
        self._client = httpx.Client(
            auth=auth, timeout=timeout, transport=transport, follow_redirects=redirects > 0, max_redirects=redirects
        )
        for name in ("httpx", "httpcore"):  # they log the address of every request, with the token in it
            logging.getLogger(name).setLevel(logging.WARNING)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def url(self) -> str:
        return TOKEN_SEGMENT.sub("", self._base)

    def read(self, key: str, limit: int) -> bytes:
        with self._answer(key) as answer:
            return bounded(_chunks(answer, self.url), limit, key)

    def stream(self, key: str) -> Iterator[bytes]:
        with self._answer(key) as answer:
            yield from _chunks(answer, self.url)

    @contextmanager
    def _answer(self, key: str) -> Iterator[httpx.Response]:
        address = f"{self._base}/{_quoted(checked_key(key))}"
        # `identity`: what is counted and hashed are the bytes of the object, not of a compression on the way
        request = self._client.build_request("GET", address, headers={"Accept-Encoding": "identity"})
        try:
            answer = self._client.send(request, stream=True)
        except httpx.HTTPError as exc:
            raise RemoteError(f"{self.url} cannot be reached", hint=RETRY, detail=_masked(str(exc))) from exc
        try:
            _require(answer, key, self.url)
            yield answer
        finally:
            answer.close()


def _parsed(url: str) -> httpx.URL:
    """The channel's address; what is said of a wrong one does not repeat it, for there may be a credential in it."""
    try:
        base = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        # What httpx says of it quotes the part that is wrong, and that may be the credential.
        raise UsageError("a channel's URL does not parse", hint="https://HOST/CHANNEL") from None
    if base.scheme not in {"http", "https"} or not base.host or base.query or base.fragment:
        hint = "https://HOST/CHANNEL, or https://HOST/t/TOKEN/CHANNEL: a token is part of the path"
        raise UsageError("a channel's URL has a host and a path, and nothing behind them", hint=hint)
    return base


def _require(answer: httpx.Response, key: str, url: str) -> None:
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    if status == httpx.codes.NOT_FOUND:
        raise NotFoundError(f"there is no `{key}` at {url}")
    if status in NOT_ALLOWED:
        what = f"{url} does not let this client read `{key}` ({status}){_detail(answer)}"
        raise StoreError(what, hint="use a token of this channel: https://HOST/t/TOKEN/CHANNEL")
    raise RemoteError(f"{url} answers {status} for `{key}`", hint=RETRY)


def _detail(answer: httpx.Response) -> str:
    """What the server says about it (RFC 9457)."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    try:
        detail = httpx.Response(200, content=bounded(answer.iter_bytes(), 1 << 16, "")).json().get("detail", "")
    except (ValueError, AttributeError, TrustError, httpx.HTTPError):
        return ""
    return f": {_masked(str(detail))[:LONGEST_DETAIL]}" if detail else ""


def _chunks(answer: httpx.Response, url: str) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except httpx.HTTPError as exc:
        raise RemoteError(f"{url} broke off", hint=RETRY, detail=_masked(str(exc))) from exc


def _quoted(key: str) -> str:
    # httpx leaves `%` alone and would send `?` and `#` as what they mean in a URL.
    return quote(key, safe="/!+~-._")


def _masked(text: str) -> str:
    return TOKEN_SEGMENT.sub("/t/***", text)
