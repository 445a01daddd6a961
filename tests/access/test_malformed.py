"""Whatever arrives, the answer is the caller's fault or an answer, never ours."""

from __future__ import annotations

import asyncio
import random
import re
import tracemalloc
from typing import TYPE_CHECKING, Any

from edge_world import NOW, Folder, Served, grant, parsed, path_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_tools.adapters.edges.application import EdgeApplication, EdgeSettings
from ci_tools.adapters.edges.local import LocalEdge

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KNOWN = path_of(1).encode()
PIECES = st.sampled_from(
    [KNOWN, path_of(1, key="noarch/a-1-0.conda").encode(), path_of(1, key="").encode(), b"/main/", b"/t/", b"/b/"]
) | st.binary(max_size=8)
PATHS = st.lists(PIECES, max_size=4).map(b"".join) | PIECES
NAMES = st.sampled_from([b"authorization", b"range", b"if-none-match", b"if-range", b"cookie", b"host"])
VALUES = st.binary(max_size=30) | st.from_regex(rb"bytes=[0-9]{0,4}-[0-9]{0,4}(,[0-9]-)?", fullmatch=True)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)
METHODS = st.sampled_from(["GET", "GET", "HEAD", "POST", "PROPFIND"])
ANSWERS = {200, 206, 304, 400, 401, 403, 404, 405, 416}


def edge(folder: Path) -> tuple[EdgeApplication, list[str]]:
    (folder / "noarch").mkdir()
    (folder / "noarch/repodata.json").write_bytes(b"{}")
    (folder / "noarch/a-1-0.conda").write_bytes(b"package")
    state, lines = LocalEdge(path=folder / "edge/state.json"), []
    state.admit([grant(1)])
    stores = {"main": Folder(folder)}
    return EdgeApplication(EdgeSettings(stores=stores, state=state.path, clock=lambda: NOW, log=lines.append)), lines


async def status_of(application: EdgeApplication, scope: dict[str, Any]) -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()

    await application({"type": "http", "asgi": {"spec_version": "2.3"}, "query_string": b"", **scope}, receive, send)
    assert sent[-1].get("more_body", False) is False
    return int(sent[0]["status"])


def test_two_thousand_odd_requests_have_an_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    application, lines = edge(tmp_path_factory.mktemp("edge"))
    with asyncio.Runner() as runner:

        @settings(max_examples=2000, suppress_health_check=list(HealthCheck))
        @given(PATHS, METHODS, HEADERS)
        def law(path: bytes, method: str, headers: list[tuple[bytes, bytes]]) -> None:
            scope = {"method": method, "raw_path": path, "path": "/", "headers": headers}
            assert runner.run(status_of(application, scope)) in ANSWERS
            assert lines[-1].isprintable()

        law()


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(first=st.binary(max_size=30), header=st.binary(max_size=30))
def test_odd_bytes_on_the_wire_are_answered_or_dropped(served: Served, first: bytes, header: bytes) -> None:
    request = b"GET " + first + b" HTTP/1.1\r\nconnection: close\r\nx: " + header + b"\r\n\r\n"
    answer = served.raw(request, patience=0.3)
    assert not answer or 400 <= parsed(answer)[0] < 500


def test_a_large_package_takes_no_memory(served: Served) -> None:
    with (served.root / "noarch/large-1-0.conda").open("wb") as file:
        file.truncate(2**28)
    tracemalloc.start()
    received = sum(len(chunk) for chunk in served.chunks(path_of(1, key="noarch/large-1-0.conda")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert received > 2**28
    assert peak < 2**24


LINES = [
    b"host: x", b"host: y", b"connection: close", b"connection: keep-alive", b"content-length: 3",
    b"content-length: -1", b"transfer-encoding: chunked", b"range: bytes=0-1", b"range: bytes=-", b"if-none-match: *",
    b"cookie: CloudFront-Key-Pair-Id=K",
    b"cookie: CloudFront-Policy=" + b"_" * 40, b"authorization: Basic " + b"A" * 40, b"x-forwarded-for: \xff",
    b"x-forwarded-proto: https", b"expect: 100-continue", b"upgrade: h2c", b"x: " + b"y" * 3000, b"if-range: W/",
]  # fmt: skip
TRICKS = [
    b"\r\n",
    b"\n",
    b"\0",
    b" ",
    b":",
    b"%",
    b"../",
    b"//",
    b"\r\n\r\n",
    b"\xff" * 9,
    b"a" * 5000,
    b"GET / HTTP/1.1\r\n",
]


def mutated(chance: random.Random) -> bytes:
    """A request that was whole once: bytes turned, cut, doubled and put in, lines moved about."""
    path = chance.choice(
        [path_of(1), path_of(1, key="noarch/a-1.0+x-0.conda"), "/main/noarch/repodata.json", "/b/main/x"]
    )
    lines = [
        f"{chance.choice(['GET', 'HEAD', 'POST', 'get', ''])} {path} HTTP/1.{chance.choice('0112')}".encode(),
        *chance.sample(LINES, chance.randrange(len(LINES))),
    ]
    chance.shuffle(lines[1:])
    request = bytearray(chance.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"]).join(lines) + b"\r\n\r\n")
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(request))
        match chance.randrange(4):
            case 0:
                request[at] = chance.randrange(256)
            case 1:
                del request[at : at + chance.randrange(1, 40)]
            case 2:
                request[at:at] = chance.choice(TRICKS)
            case _:
                request += request[at:]
    return bytes(request)


def test_ten_thousand_malformed_requests_are_never_our_fault(served: Served) -> None:
    chance, statuses = random.Random(10_000), set()  # noqa: S311 (the same requests in every run)
    for _ in range(10_000):
        request = mutated(chance)
        answer = served.raw_and_done(request)
        statuses.update(re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answer, re.MULTILINE))
        assert not any(status.startswith(b"5") for status in statuses), request
    assert statuses > {b"200", b"206", b"400", b"403", b"405"}
    assert served.ask(path_of(1))[0] == 200
