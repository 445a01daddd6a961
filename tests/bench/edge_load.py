"""A load generator: keep-alive connections that ask for one path as often as they can. Its own process, one core.

`python edge_load.py HOST PORT SECONDS CONNECTIONS < head` where `head` is the request; writes JSON to stdout.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

STALLED = 30.0  # seconds that the last answer may take


class Asker(asyncio.Protocol):
    """Asks again as soon as an answer is whole; counts answers by status, and bytes."""

    def __init__(self, head: bytes, until: float, counts: dict[str, int], ended: asyncio.Future[None]) -> None:
        self.head, self.until, self.counts, self.ended = head, until, counts, ended
        self.buffer, self.left = b"", 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvloop's is of no class
        self.transport = transport
        transport.write(self.head)

    def data_received(self, data: bytes) -> None:
        self.counts["bytes"] += len(data)
        if self.left:
            self.left -= len(data)
        else:
            self.buffer += data
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.begin(head, rest)
        if not self.left:
            self.again()

    def begin(self, head: bytes, rest: bytes) -> None:
        status = head[9:12].decode()
        self.counts[status] = self.counts.get(status, 0) + 1
        _, found, length = head.partition(b"content-length: ")
        size = int(length.partition(b"\r\n")[0]) if found and status != "304" else 0
        self.left, self.buffer = size - len(rest), b""

    def again(self) -> None:
        if time.monotonic() < self.until:
            self.transport.write(self.head)
        else:
            self.transport.close()
            self.finish()

    def finish(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        self.finish()


async def load(host: str, port: int, seconds: float, connections: int, head: bytes) -> dict[str, float]:
    loop, counts = asyncio.get_running_loop(), {"bytes": 0}
    began = time.monotonic()
    ended = [loop.create_future() for _ in range(connections)]
    for each in ended:
        await loop.create_connection(lambda each=each: Asker(head, began + seconds, counts, each), host, port)
    async with asyncio.timeout(seconds + STALLED):
        await asyncio.gather(*ended)
    return counts | {"seconds": time.monotonic() - began}


if __name__ == "__main__":
    asked = load(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.stdin.buffer.read())
    json.dump(uvloop.run(asked), sys.stdout)
