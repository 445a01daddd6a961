"""How fast the local edge is, with its load generator on the same cores: `make bench ONLY=edge`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from ci_tools.adapters.edges.local import LocalEdge
from ci_tools.core.access import Grant
from ci_tools.core.tokens import new_token
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SECONDS, CONNECTIONS = 3.0, 32
LARGE, HUGE = 64 << 20, 1 << 30  # bytes
SMALL = {"a document of 10 KB": "noarch/repodata.json", "a package of 10 KB": "noarch/small-1-0.conda"}
WANTED = {"10 KB": 2000, "304": 2000, "MB/s": 500}


def figures(seconds: float = SECONDS) -> Iterator[Figure]:
    """Every figure, one after the other; about six times `seconds`."""
    with tempfile.TemporaryDirectory() as name, _edge(Path(name)) as (process, port, gate):
        for what, key in SMALL.items():
            rate, etag = _rate(port, f"{gate}/{key}", seconds), _etag(port, f"{gate}/{key}")
            yield Figure(what=what, value=rate, unit="requests/s", least=WANTED["10 KB"])
            rate = _rate(port, f"{gate}/{key}", seconds, f"if-none-match: {etag}\r\n")
            yield Figure(what=f"{what}, unchanged (304)", value=rate, unit="requests/s", least=WANTED["304"])
        rate = _rate(port, "/t/000000000000-" + "0" * 40 + "/acme/x", seconds)
        yield Figure(what="an unknown token (401)", value=rate, unit="requests/s")
        before = _peak(process)
        said = _load(port, f"{gate}/noarch/large-1-0.conda", seconds, connections=4)
        speed = said["bytes"] / said["seconds"] / 1e6
        yield Figure(what="a package of 64 MiB", value=speed, unit="MB/s", least=WANTED["MB/s"])
        _load(port, f"{gate}/noarch/huge-1-0.conda", 0, connections=4)
        grown = (_peak(process) - before) / 2**20
        yield Figure(what="memory for packages of 64 MiB and 1 GiB, four at once", value=grown, unit="MiB more")


@contextmanager
def _edge(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """`channel serve` in a process of its own, on a folder with documents and packages."""
    noarch = folder / ".channel/noarch"
    noarch.mkdir(parents=True)
    (noarch / "repodata.json").write_bytes(os.urandom(10_000))
    (noarch / "small-1-0.conda").write_bytes(os.urandom(10_000))
    for name, size in (("large-1-0.conda", LARGE), ("huge-1-0.conda", HUGE)):
        with (noarch / name).open("wb") as file:
            file.truncate(size)
    (folder / "channel.yaml").write_text("channel: acme\n")
    gate = f"/t/{_admitted(folder)}/acme"
    channel = Path(sys.executable).with_name("channel")
    argv = [channel, "serve", "--port", "0", "--for", "300", "--quiet"]
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline()
        try:
            yield process, int(url.rsplit(":", 1)[1].split("/")[0]), gate
        finally:
            process.terminate()


def _admitted(folder: Path) -> str:
    token = new_token(os.urandom)
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    grant = Grant(id=token.id, name="bench", owner="bench", channels=("acme",), expires=expires, hash=token.hash)
    LocalEdge(path=folder / ".edge/state.json").admit([grant])
    return token.text.reveal()


def _head(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{more}\r\n".encode()


def _load(port: int, path: str, seconds: float, more: str = "", connections: int = CONNECTIONS) -> dict[str, float]:
    argv = [sys.executable, HERE / "edge_load.py", "127.0.0.1", str(port), str(seconds), str(connections)]
    ended = subprocess.run(argv, input=_head(path, more), capture_output=True, check=True, timeout=120)
    said: dict[str, float] = json.loads(ended.stdout)
    return said


def _rate(port: int, path: str, seconds: float, more: str = "") -> float:
    said = _load(port, path, seconds, more)
    return sum(count for name, count in said.items() if name.isdigit()) / said["seconds"]


def _etag(port: int, path: str) -> str:
    return httpx.head(f"http://127.0.0.1:{port}{path}").headers["etag"]


def _peak(process: subprocess.Popen[str]) -> int:
    """The largest memory that the process ever had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
