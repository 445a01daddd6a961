"""Pages over HTTP; a token is sent to the one host that it is for."""

from __future__ import annotations

import hashlib
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from ci_tools.adapters.sources.bounded import bounded
from ci_tools.errors import NotFoundError, RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_tools.core.secret import Secret

PATIENCE = 30.0  # seconds between two chunks
CONNECT = 10.0  # seconds
TRIES = 3  # of a connection
MOST_REDIRECTS = 5
MOST_BYTES = 8 << 30  # of a file whose digest is wanted
GONE = {httpx.codes.NOT_FOUND, httpx.codes.GONE}
LIMITED = {httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS}


class HttpWeb:
    """`tokens`: host -> what it lets this run ask more often with. Redirects are followed, never from https to http."""

    def __init__(self, tokens: Mapping[str, Secret] | None = None, *, patience: float = PATIENCE) -> None:
        self._tokens = tokens or {}
        # No connection is kept: each host is asked once or twice, and nobody has to close anything.
        transport = httpx.HTTPTransport(retries=TRIES, limits=httpx.Limits(max_keepalive_connections=0))
        timeout = httpx.Timeout(patience, connect=CONNECT)
        self._client = httpx.Client(timeout=timeout, transport=transport, headers={"User-Agent": "channelsmith-bump"})
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def read(self, url: str, limit: int) -> bytes:
        with self._answer(url) as answer:
            return bounded(_chunks(answer, url), limit, url)

    def digests(self, url: str, algorithms: Sequence[str]) -> Mapping[str, str]:
        found = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
        size = 0
        with self._answer(url) as answer:
            for chunk in _chunks(answer, url):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise RemoteError(f"{url} has more than {MOST_BYTES >> 30} GB", hint="look at what is there")
                for digest in found.values():
                    digest.update(chunk)
        return {name: digest.hexdigest() for name, digest in found.items()}

    @contextmanager
    def _answer(self, url: str) -> Iterator[httpx.Response]:
        place = _parsed(url)
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._sent(place, url)
            try:
                if answer.next_request is None:
                    _require(answer, url)
                    yield answer
                    return
                following = answer.next_request.url
            finally:
                answer.close()
            if place.scheme == "https" and following.scheme != "https":
                raise RemoteError(f"{url} leads to an address without encryption", hint="look at it in a browser")
            place = following
        raise RemoteError(f"{url} leads in a circle", hint="look at it in a browser")

    def _sent(self, place: httpx.URL, url: str) -> httpx.Response:
        token = self._tokens.get(place.netloc.decode())
        # `identity`: what is hashed are the bytes of the file, not of a compression on the way
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token.reveal()}"} if token else {})
        try:
            return self._client.send(self._client.build_request("GET", place, headers=headers), stream=True)
        except httpx.HTTPError as exc:
            raise RemoteError(f"{url} cannot be reached", hint="try again later", detail=str(exc)) from exc


def _parsed(url: str) -> httpx.URL:
    try:
        place = httpx.URL(url)
    except httpx.InvalidURL as exc:
        raise RemoteError("an address does not parse", hint="look at the recipe's sources", detail=str(exc)) from exc
    if place.scheme not in {"http", "https"} or not place.host:
        raise RemoteError(f"`{url}` is no address of a page", hint="it begins with https://")
    return place


def _require(answer: httpx.Response, url: str) -> None:
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    if status in GONE:
        raise NotFoundError(f"there is nothing at {url}")
    if status in LIMITED and answer.headers.get("x-ratelimit-remaining") == "0":
        raise RemoteError(f"{url} has been asked too often", hint="set GITHUB_TOKEN, or try again in an hour")
    raise RemoteError(f"{url} answers {status}", hint="try again later")


def _chunks(answer: httpx.Response, url: str) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except httpx.HTTPError as exc:
        raise RemoteError(f"{url} broke off", hint="try again later", detail=str(exc)) from exc
