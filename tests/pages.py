"""A server on localhost whose pages a test writes: indexes, archives, references of git, redirects, refusals."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(kw_only=True)
class Pages:
    """`held`: path -> body; a number is a status, a text beginning with `->` a redirect."""

    url: str = ""
    held: dict[str, bytes | str | int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


@contextmanager
def pages() -> Iterator[Pages]:
    found = Pages()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append(self.path)
            found.tokens.append(self.headers.get("Authorization", ""))
            held = found.held.get(self.path, 404)
            body = held.encode() if isinstance(held, str) else held if isinstance(held, bytes) else b""
            self.send_response(held if isinstance(held, int) else 302 if body.startswith(b"->") else 200)
            if body.startswith(b"->"):
                self.send_header("Location", body[2:].decode())
                body = b""
            if held == 403:
                self.send_header("x-ratelimit-remaining", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
