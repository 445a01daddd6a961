"""A channel over HTTP that lets in by token or password, and goes wrong where it is asked to."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET = "hush-0123456789abcdef"
BASIC = "Basic " + b64encode(f"user:{SECRET}".encode()).decode()
BLOCK = b"x" * 65536
SILENCE = 5.0  # seconds


class ChannelServer(ThreadingHTTPServer):
    """Serves `objects` below /acme, /t/SECRET/acme, and /basic with a password."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects = objects
        self.port = self.server_address[1]
        self.asked: list[str] = []
        self.sent = 0  # bytes of endless answers

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that had enough are what an endless answer is for."""


@contextmanager
def channel_server(objects: Mapping[str, bytes]) -> Iterator[ChannelServer]:
    with ChannelServer(objects) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ChannelServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        _, place, *rest = unquote(self.path).split("/")
        if place == "t" and rest[0] == SECRET and rest[1] == "acme":
            self._object("/".join(rest[2:]))
        elif place == "acme" or (place == "basic" and self.headers["Authorization"] == BASIC):
            self._object("/".join(rest))
        elif place in {"basic", "t"}:
            self._problem(401)
        else:
            getattr(self, f"_{place}", self._unknown)()

    def log_message(self, *_: object) -> None:
        pass

    def _object(self, key: str) -> None:
        if key in self.server.objects:
            self._answer(200, self.server.objects[key])
        else:
            self._problem(404)

    def _unknown(self) -> None:
        self._problem(int(self.path.split("/")[1]))

    def _problem(self, status: int) -> None:
        told = {"status": status, "detail": f"nothing for you at {self.path}"}
        self._answer(status, json.dumps(told).encode(), {"Content-Type": "application/problem+json"})

    def _elsewhere(self) -> None:
        self._answer(302, b"", {"Location": f"http://localhost:{self.server.port}/acme/a"})

    def _broken(self) -> None:
        self._answer(200, b"only the beginning", {"Content-Length": "1000"})
        self.close_connection = True

    def _compressed(self) -> None:
        self._answer(200, b"\x1f\x8b as they are", {"Content-Encoding": "gzip"})

    def _endless(self) -> None:
        self._head(200, {"Connection": "close"})
        while self.server.sent < 1 << 30:
            self.wfile.write(BLOCK)
            self.server.sent += len(BLOCK)

    def _silent(self) -> None:
        time.sleep(SILENCE)

    def _nonsense(self) -> None:
        self.wfile.write(b"what?\r\n\r\n")
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
