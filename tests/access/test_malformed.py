"""Whatever arrives, the answer is the caller's fault or an answer, never ours."""

from __future__ import annotations

import asyncio
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
