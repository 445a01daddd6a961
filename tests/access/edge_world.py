"""A folder served by the real edge on a real port, and what tests say to it."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from ci_tools.adapters.edges.application import EdgeApplication, EdgeSettings
from ci_tools.adapters.edges.local import LocalEdge
from ci_tools.adapters.edges.server import BoundedProtocol, configured
from ci_tools.core.access import Grant
from ci_tools.core.layout import checked_key
from ci_tools.core.secret import Secret
from ci_tools.core.tokens import Token
from ci_tools.errors import NotFoundError
from ci_tools.ports import Etag, Head, Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.types import Receive, Scope, Send

Answer = tuple[int, dict[str, str], bytes]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
CHUNK = 2**16


def token(number: int = 1) -> Token:
    return Token(id=f"{number:012x}", secret=Secret(hashlib.sha1(bytes([number])).hexdigest()))  # noqa: S324 (40 digits)


def grant(
    number: int = 1, channels: Iterable[str] = ("main",), expires: datetime = NOW + timedelta(days=1), **more: Any
) -> Grant:
    made = token(number)
    return Grant(
        id=made.id, name=more.pop("name", f"n{number}"), owner="ann@acme.example", channels=tuple(channels),
        expires=expires, hash=made.hash, **more,
    )  # fmt: skip


class Folder:
    """As much of an ObjectStore as the edge asks for, on a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reads = 0

    def head(self, key: str) -> Head:
        path = self.root / checked_key(key)
        if not path.is_file():
            raise NotFoundError(f"no {key}")
        stat = path.stat()
        return Head(key=key, etag=Etag(f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'), size=stat.st_size)

    def get(self, key: str) -> Stored:
        self.reads += 1
        head = self.head(key)
        return Stored(body=(self.root / key).read_bytes(), head=head)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        self.head(key)
        with (self.root / key).open("rb") as file:
            file.seek(start)
            left = (stop if stop is not None else 2**63) - start
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk


@dataclass
class Served:
    """An edge that listens. `now` may be moved; `lines` is its log."""

    root: Path
    edge: LocalEdge
    store: Folder
    port: int = 0
    now: datetime = NOW
    lines: list = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, request: bytes, patience: float = 10) -> bytes:
        """What comes back for these bytes until the server closes or falls silent for `patience` seconds."""
        answer = b""
        peer = ("127.0.0.1", self.port)
        with socket.create_connection(peer, timeout=patience) as connection, contextlib.suppress(OSError):
            connection.sendall(request)
            while chunk := connection.recv(2**16):
                answer += chunk
        return answer

    def raw_and_done(self, request: bytes) -> bytes:
        """The same for a client that says at once that it says no more."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection, contextlib.suppress(OSError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(2**16):
                answer += chunk
        return answer

    def chunks(self, path: str) -> Iterator[bytes]:
        """One answer as it comes, head and all."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            while chunk := connection.recv(2**20):
                yield chunk

    def ask(self, path: str, method: str = "GET", **headers: object) -> Answer:
        """Status, headers and body of one request; header names with `_` for `-`."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"{method} {path} HTTP/1.1", "host: x", "connection: close", *lines, "", ""])
        return parsed(self.raw(head.encode("latin-1")))


def parsed(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


def path_of(number: int, channel: str = "main", key: str = "noarch/repodata.json") -> str:
    return f"/t/{token(number).text.reveal()}/{channel}/{key}"


class Impatient(BoundedProtocol):
    """Waits as long for the end of a head as a test can."""

    patience = 2.0


@dataclass
class Doorway:
    """One server for all tests; which edge stands behind it is changed from test to test."""

    port: int = 0
    application: EdgeApplication | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.application
        await self.application(scope, receive, send)

    def leads_to(self, served: Served, *, is_open: bool = False) -> Served:
        settings = EdgeSettings(
            stores={"main": served.store}, state=served.edge.path, clock=lambda: served.now,
            log=served.lines.append, is_open=is_open,
        )  # fmt: skip
        self.application = EdgeApplication(settings)
        served.port = self.port
        return served


def doorway() -> Iterator[Doorway]:
    """A doorway that listens until the generator is closed."""
    door = Doorway()
    config = configured(door, Impatient)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    door.port = listener.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield door
    server.should_exit = True
    thread.join(10)
    listener.close()
