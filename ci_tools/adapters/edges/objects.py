"""The files behind the edge: small ones from copies, large ones streamed, with conditions and ranges (RFC 9110)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from ci_tools.adapters.edges.answers import problem, whole
from ci_tools.adapters.edges.cache import Copies, Copy
from ci_tools.core.conditional import Span, asked_span, is_unchanged, quoted
from ci_tools.core.freshness import freshness_of, is_package, max_age
from ci_tools.core.layout import checked_key, content_type
from ci_tools.errors import ChannelError, NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.datastructures import Headers

    from ci_tools.ports import Head, ObjectStore

NO_OBJECT = "there is no such file in this channel"
SMALL = 1 << 20  # bytes; a longer package is streamed and never held


class Objects:
    """What the stores hold, by channel path (`acme`, `pr/12`). Who asks at the same time for the same shares a read."""

    def __init__(self, stores: Mapping[str, ObjectStore]) -> None:
        self._stores = sorted(stores.items(), key=lambda item: len(item[0]), reverse=True)
        self._copies = Copies()
        self._reads: dict[tuple[str, int], asyncio.Future[Copy | Head]] = {}

    async def answer(self, method: str, headers: Headers, path: str, epoch: int) -> Response:
        """The file at `path`, which a verdict allowed, as far as `headers` want it. NotFoundError if there is none."""
        copy = self._copies.find(path, epoch, time.monotonic())
        if copy is not None:
            return _document(method, headers, copy)
        store, key = self._place(unquote(path[1:]))
        found = await self._found(path, epoch, store, key)
        if isinstance(found, Copy):
            self._copies.keep(path, found, epoch)
            return _document(method, headers, found)
        return await _streamed(method, headers, store, found)

    def _place(self, path: str) -> tuple[ObjectStore, str]:
        """The store of the channel with the longest name that `path` is in, and the key below it."""
        for channel, store in self._stores:
            if path.startswith(f"{channel}/"):
                return store, _key(path.removeprefix(f"{channel}/"))
        raise NotFoundError(NO_OBJECT)

    async def _found(self, path: str, epoch: int, store: ObjectStore, key: str) -> Copy | Head:
        if not max_age(freshness_of(key)):  # what is never kept is not shared either: it must be of after the question
            return await run_in_threadpool(_read, store, key)
        read = self._reads.get((path, epoch))
        if read is None:
            read = asyncio.ensure_future(run_in_threadpool(_read, store, key))
            self._reads[path, epoch] = read
            read.add_done_callback(lambda _: self._reads.pop((path, epoch)))
        return await asyncio.shield(read)  # one client that leaves does not take it from the others


def _key(path: str) -> str:
    try:
        return checked_key(path)
    except StoreError as exc:  # a folder, or nothing: there are no listings
        raise NotFoundError(NO_OBJECT) from exc


def _read(store: ObjectStore, key: str) -> Copy | Head:
    """The file with what is sent beside it, body and etag of one read; of a large package the head alone."""
    now = time.monotonic()
    if is_package(key) and (head := store.head(key)).size > SMALL:
        return head
    stored = store.get(key)
    etag = quoted(stored.head.etag)
    return Copy(body=stored.body, etag=etag, headers=_headers(key, etag), until=now + max_age(freshness_of(key)))


def _headers(key: str, etag: str) -> dict[str, str]:
    return {
        "content-type": content_type(key),
        "cache-control": freshness_of(key).value,
        "etag": etag,
        "accept-ranges": "bytes",
    }


def _document(method: str, headers: Headers, copy: Copy) -> Response:
    if is_unchanged(headers.get("if-none-match", ""), copy.etag):
        return Response(status_code=304, headers=copy.headers)
    span = _span(method, headers, copy.etag, len(copy.body))
    if span is None:
        return whole(method, 200, copy.body, copy.headers)
    if not span.satisfiable:
        return _unsatisfiable(method, len(copy.body))
    part = copy.body[span.start : span.stop]
    return whole(method, 206, part, {**copy.headers, **_partial(span, len(copy.body))})


async def _streamed(method: str, headers: Headers, store: ObjectStore, head: Head) -> Response:
    """A package in chunks as the store gives them, so that a large one takes no memory."""
    etag = quoted(head.etag)
    told = _headers(head.key, etag)
    if is_unchanged(headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=told)
    span = _span(method, headers, etag, head.size)
    if span and not span.satisfiable:
        return _unsatisfiable(method, head.size)
    start, stop = (span.start, span.stop) if span else (0, head.size)
    told = {**told, **_partial(span, head.size), "content-length": str(stop - start)}
    if method == "HEAD" or start == stop:
        return Response(status_code=200, headers=told)
    chunks = await run_in_threadpool(store.stream, head.key, start, stop)
    return StreamingResponse(_whole_chunks(chunks), 206 if span else 200, told)


def _span(method: str, headers: Headers, etag: str, size: int) -> Span | None:
    if method != "GET":  # RFC 9110, 14.2: a Range on any other method is ignored
        return None
    wanted = headers.getlist("range")
    return asked_span(wanted[0], headers.get("if-range", ""), etag, size) if len(wanted) == 1 else None


def _partial(span: Span | None, size: int) -> dict[str, str]:
    return {"content-range": f"bytes {span.start}-{span.stop - 1}/{size}"} if span else {}


def _unsatisfiable(method: str, size: int) -> Response:
    return problem(method, 416, "there are no such bytes in this file", {"content-range": f"bytes */{size}"})


def _whole_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """`chunks`; where the store fails midway the answer stays short, which every client notices."""
    try:
        yield from chunks
    except ChannelError:
        return
