"""A loopback proxy before a real S3 server that goes wrong as networks do: by count or by chance, with a seed."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ALWAYS = 1 << 30
DROPS = 5
NOT_FORWARDED = {"expect", "connection", "transfer-encoding"}
ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>injected</Message></Error>'


class Kind(StrEnum):
    """What goes wrong with one request."""

    ANSWER = auto()  # `status` and `code`, and the server never hears of the request
    ANSWER_AFTER = auto()  # the same, though the server has done what was asked
    RESET = auto()  # the connection breaks before the server hears of the request
    RESET_AFTER = auto()  # it breaks when the server has done what was asked: the answer is lost
    TRUNCATED = auto()  # the answer's body breaks off at a place drawn by chance
    DELAY = auto()  # `seconds` pass first: where the client has less patience, the answer is lost
    DRIP = auto()  # the answer's body comes in a few pieces, `seconds` apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`count` times, for requests of `method` whose target contains `target`, each with the chance `rate`."""

    kind: Kind
    count: int = 1
    method: str = ""
    target: str = ""
    rate: float = 1.0
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.0


class FaultProxy(ThreadingHTTPServer):
    """Hands requests to the server at `upstream` and goes wrong as `faults` say, in their order."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, faults: tuple[Fault, ...], seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urlsplit(upstream).netloc
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen: list[tuple[str, Kind | None]] = []  # method and fault of every request, as they came
        self._left = [[fault, fault.count] for fault in faults]
        self._chance = random.Random(seed)  # noqa: S311 (chance that can be repeated, no secret)
        self._lock = threading.Lock()

    def drawn(self, method: str, target: str) -> Fault | None:
        """The fault that this request meets."""
        with self._lock:
            for entry in self._left:
                fault, left = entry
                fits = fault.method in {"", method} and fault.target in target
                if left and fits and self._chance.random() < fault.rate:
                    entry[1] -= 1
                    self.seen.append((method, fault.kind))
                    return fault
            self.seen.append((method, None))
            return None

    def cut(self, length: int) -> int:
        """Where a body of `length` bytes breaks off."""
        with self._lock:
            return self._chance.randrange(length) if length else 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are gone are what this is for."""


@contextmanager
def faulty(upstream: str, *faults: Fault, seed: int = 0) -> Iterator[FaultProxy]:
    with FaultProxy(upstream, faults, seed) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: FaultProxy

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.server.drawn(self.command, self.path)
        match fault.kind if fault else None:
            case Kind.RESET:
                self._reset()
            case Kind.RESET_AFTER:
                self._forwarded(body)
                self._reset()
            case Kind.ANSWER:
                self._answer(_error(fault))
            case Kind.ANSWER_AFTER:
                self._forwarded(body)
                self._answer(_error(fault))
            case Kind.TRUNCATED:
                answer = self._forwarded(body)
                self._answer(answer, self.server.cut(len(answer.body)))
            case Kind.DELAY:
                time.sleep(fault.seconds)
                self._answer(self._forwarded(body))
            case Kind.DRIP:
                self._answer(self._forwarded(body), pause=fault.seconds)
            case None:
                self._answer(self._forwarded(body))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 (http.server's names)

    def log_message(self, *_: object) -> None:
        pass

    def _forwarded(self, body: bytes) -> _Answer:
        """The server's answer; the signed Host goes along as the client wrote it."""
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in NOT_FORWARDED:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return _Answer(status=answer.status, headers=tuple(answer.getheaders()), body=answer.read())
        finally:
            connection.close()

    def _answer(self, answer: _Answer, cut: int | None = None, pause: float = 0.0) -> None:
        self.send_response_only(answer.status)
        length = [value for name, value in answer.headers if name.lower() == "content-length"]
        for name, value in answer.headers:
            if name.lower() not in {*NOT_FORWARDED, "content-length"}:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", length[0] if length else str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            for piece in _pieces(answer.body[:cut], DROPS if pause else 1):
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(pause)
        if cut is not None:
            self._reset(1)

    def _reset(self, linger: int = 0) -> None:
        """Close at once; with `linger` what was written still arrives."""
        self.close_connection = True
        if not linger:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.wfile.flush()
        self.connection.close()


def _pieces(body: bytes, count: int) -> Iterator[bytes]:
    size = max(1, -(-len(body) // count))
    yield from (body[at : at + size] for at in range(0, len(body), size))


def _error(fault: Fault | None) -> _Answer:
    body = ERROR.format(code=fault.code if fault else "").encode()
    return _Answer(status=fault.status if fault else 500, headers=(("Content-Type", "application/xml"),), body=body)
