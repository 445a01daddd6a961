"""`channel access` and `channel serve` as people type them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ci_tools.cli import answer

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = re.compile(r"[0-9a-f]{12}-[0-9a-f]{40}")


class Laptop:
    """A folder with a channel.yaml, and what `channel` says there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        (folder / "channel.yaml").write_text("channel: acme\n")

    def channel(self, *words: str) -> tuple[int, str, str]:
        code = answer(["--config", str(self.folder / "channel.yaml"), *words], {})
        out, err = self.capsys.readouterr()
        return code, out, err

    def files(self) -> dict[str, str]:
        return {str(p.relative_to(self.folder)): p.read_text() for p in self.folder.rglob("*") if p.is_file()}

    def states(self) -> dict[str, str]:
        code, out, _ = self.channel("access", "list", "--json")
        assert code == 0
        return {grant["name"]: grant["state"] for grant in json.loads(out)["grants"]}


@pytest.fixture
def laptop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Laptop:
    return Laptop(tmp_path, capsys)


def test_a_grant_is_let_in_at_once_and_its_token_is_on_stdout_alone(laptop: Laptop) -> None:
    code, out, err = laptop.channel("access", "grant", "ann", "--owner", "ann@acme.example")
    assert code == 0
    assert TOKEN.fullmatch(out.strip())
    assert out.strip()[13:] not in err + "".join(laptop.files().values())
    assert laptop.states() == {"ann": "active"}


def test_a_token_made_for_oneself_waits_for_the_pull_request(laptop: Laptop) -> None:
    _, out, err = laptop.channel("access", "token", "ann", "--owner", "ann@acme.example", "--expires", "7d")
    assert laptop.files().keys() == {"channel.yaml"}
    registry = laptop.folder / ".github/access.yaml"
    registry.parent.mkdir()
    registry.write_text(
        "grants:\n" + "\n".join(line for line in err.splitlines() if re.match(r" +(- )?[a-z]+: ", line))
    )
    assert laptop.states() == {"ann": "waiting"}
    assert laptop.channel("access", "sync")[1].split() == ["let", "in", out[:12]]
    assert laptop.channel("access", "sync")[1].startswith("nothing to do")


def test_a_token_may_be_written_at_once(laptop: Laptop) -> None:
    assert laptop.channel("access", "token", "ann", "--owner", "a", "--write")[0] == 0
    assert laptop.states() == {"ann": "waiting"}


@pytest.mark.parametrize("now", [(), ("--now",)])
def test_a_revoked_grant_is_gone_from_both(laptop: Laptop, now: tuple[str, ...]) -> None:
    laptop.channel("access", "grant", "ann", "--owner", "a")
    assert laptop.channel("access", "revoke", "ann", *now)[0] == 0
    assert laptop.states() == {}
    assert not re.search(r"t:[0-9a-f]", laptop.files()[".edge/state.json"])


def test_a_dry_run_writes_nothing_and_says_the_same(laptop: Laptop) -> None:
    laptop.channel("access", "grant", "ann", "--owner", "a")
    before = laptop.files()
    for words in (("grant", "bob", "--owner", "b"), ("revoke", "ann"), ("revoke", "ann", "--now"), ("sync",)):
        assert laptop.channel("access", *words, "--dry-run")[0] == 0
    assert laptop.files() == before


def test_a_list_shows_who_expires_first(laptop: Laptop) -> None:
    for name, left in (("late", "90d"), ("soon", "36h")):
        laptop.channel("access", "grant", name, "--owner", "a", "--expires", left, "--kind", "service")
    lines = laptop.channel("access", "list")[1].splitlines()
    assert [line.split()[1] for line in lines] == ["NAME", "soon", "late"]
    assert "in 1 day " in lines[1]
    assert lines[1].endswith("expiring")


@pytest.mark.parametrize(
    "words",
    [
        ("grant", "ann", "--owner", "a", "--expires", "soon"),
        ("grant", "ann", "--owner", "a", "--channel", "t/x"),
        ("grant", "ann", "--owner", "a", "--kind", "robot"),
        ("grant", "ann"),
        ("revoke", "nobody"),
        ("setup", "wget"),
    ],
)
def test_a_wrong_word_is_said_and_nothing_is_written(laptop: Laptop, words: tuple[str, ...]) -> None:
    code, out, err = laptop.channel("access", *words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert laptop.files().keys() <= {"channel.yaml", ".edge/state.json", ".edge/.state.json.lock"}


@pytest.mark.parametrize("client", ["conda", "mamba", "pixi", "curl"])
def test_a_set_up_names_the_file_and_asks_for_the_token(laptop: Laptop, client: str) -> None:
    code, out, _ = laptop.channel("access", "setup", client)
    assert code == 0
    assert out.startswith(f"# {client}: the token goes into ~/")
    assert "read -rs CHANNEL_TOKEN" in out


def serving(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "ci_tools.cli",
        "--config",
        folder / "channel.yaml",
        "serve",
        "--port",
        "0",
        *words,
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def fetched(url: str, path: str) -> bytes:
    host, port = re.fullmatch(r"http://([^:]+):(\d+)/acme", url).groups()  # type: ignore[union-attr]
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def test_serve_answers_a_granted_token_until_ctrl_c(laptop: Laptop) -> None:
    (laptop.folder / ".channel/noarch").mkdir(parents=True)
    (laptop.folder / ".channel/noarch/repodata.json").write_text("{}")
    token = laptop.channel("access", "grant", "ann", "--owner", "a")[1].strip()
    with serving(laptop.folder, "--for", "20") as server:
        url = server.stdout.readline().strip()  # type: ignore[union-attr]
        first = fetched(url, f"/t/{token}/acme/noarch/repodata.json")
        folders = [fetched(url, f"/t/{token}/acme/{path}")[:12] for path in ("noarch", "noarch/", "none", "")]
        laptop.channel("access", "revoke", "ann")
        second = fetched(url, f"/t/{token}/acme/noarch/repodata.json")
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=10)
    assert (first[:12], second[:12]) == (b"HTTP/1.1 200", b"HTTP/1.1 401")
    assert set(folders) == {b"HTTP/1.1 404"}
    assert (server.returncode, out) == (0, "")
    assert f"GET {token[:12]} /acme/noarch/repodata.json 200 2 " in err
    assert token[13:] not in err
    assert "Traceback" not in err


def test_an_edge_may_be_open_by_its_configuration(laptop: Laptop) -> None:
    (laptop.folder / "channel.yaml").write_text("channel: acme\nedge: {kind: local, open: true}\n")
    (laptop.folder / ".channel/noarch").mkdir(parents=True)
    (laptop.folder / ".channel/noarch/repodata.json").write_text("{}")
    with serving(laptop.folder, "--for", "20") as server:
        url = server.stdout.readline().strip()  # type: ignore[union-attr]
        assert fetched(url, "/acme/noarch/repodata.json").endswith(b"{}")
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=10)


def test_serve_stops_by_itself(laptop: Laptop) -> None:
    with serving(laptop.folder, "--for", "0.2") as server:
        assert server.wait(10) == 0


def test_a_taken_port_is_a_usage_error(laptop: Laptop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = laptop.channel("serve", "--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "cannot be listened on" in err


def test_a_sync_warns_two_weeks_before_anything_ends(laptop: Laptop) -> None:
    for name, left in (("late", "90d"), ("soon", "13d")):
        laptop.channel("access", "grant", name, "--owner", "ann", "--expires", left)
    err = laptop.channel("access", "sync")[2]
    assert "the grant of `soon` (ann) ends in 12 days" in err
    assert "late" not in err
