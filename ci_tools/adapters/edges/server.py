"""The local edge on a port: one process, bounded in what it reads of a request, and quiet about itself."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from ci_tools.adapters.edges.application import EdgeApplication

LARGEST_HEAD = 32 * 2**10  # bytes; CloudFront takes 20,480 of URL and headers
GRACE = 3  # seconds that a running download is waited for at the end


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 that gives up on a request whose head does not come to an end, in bytes or in time."""

    patience = 20.0  # seconds from the first byte of a head, or from the connection, to the end of the head
    _unfinished = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's own type
        """A client that says nothing has as long as one that says half."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any longer."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to no whole head yet."""
        if self._unfinished > LARGEST_HEAD:
            self.send_400_response("The head of this request is too long.")
            return
        self._unfinished += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """A whole head."""
        self._unfinished = 0
        self._arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A body is bounded by itself."""
        self._unfinished = 0
        super().on_body(body)

    def _wait(self) -> None:
        self._arrived()
        self._deadline = self.loop.call_later(self.patience, self._give_up)

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        # A pipelined request whose head does not end must not cut off the answer to the one before it.
        if getattr(self.cycle, "response_complete", True):  # there is no cycle before the first whole head
            self.transport.close()
        else:
            self._wait()


def serve(
    application: EdgeApplication, *, host: str, port: int, seconds: float | None, ready: Callable[[str], None]
) -> None:
    """Answer on `host`:`port` (0: any free one) until Ctrl-C, SIGTERM, or for `seconds`.

    `ready` gets the base URL once connections are taken. UsageError where the port is not to be had.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # not every stranger's nonsense is worth a line
    config = configured(application)
    server = uvicorn.Server(config)
    with _listening(host, port) as listener, _bounded(server, seconds), contextlib.suppress(KeyboardInterrupt):
        ready(_url(listener))
        server.run(sockets=[listener])


def configured(application: ASGIApp, protocol: type[BoundedProtocol] = BoundedProtocol) -> uvicorn.Config:
    """How uvicorn serves an edge: bounded, and without a word about itself."""
    return uvicorn.Config(
        application,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the edge looks at them itself, and believes this machine alone
        timeout_graceful_shutdown=GRACE,
    )


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as exc:
        raise UsageError(
            f"`{host}:{port}` cannot be listened on", hint="choose another --port, or 0 for any", detail=str(exc)
        ) from exc


@contextlib.contextmanager
def _bounded(server: uvicorn.Server, seconds: float | None) -> Iterator[None]:
    def stop() -> None:
        server.should_exit = True

    timer = threading.Timer(seconds, stop) if seconds is not None else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
