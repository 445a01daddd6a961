"""Unmodified clients, and the set-up that is printed for them, against the real edge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from shutil import which

import pytest
from edge_world import Served, path_of, token
from packages import make_package

from ci_tools.core.client_setup import Client, client_setup

CLIENT = Path(__file__).with_name("rattler_client.py")
PAYLOAD = b"#!/bin/sh\necho hello\n"


def client(*words: object, home: Path) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return subprocess.run(
        [sys.executable, CLIENT, *map(str, words)], capture_output=True, text=True, timeout=60, env=clean, check=False
    )


@pytest.fixture
def channel(served: Served, tmp_path: Path) -> Served:
    (served.root / "noarch/a-1.0+x-0.conda").unlink()
    make_package(served.root, "greet", version="1!2.0", build="h_0", files={"bin/greet": PAYLOAD})
    done = client("index", served.root, home=tmp_path)
    assert done.returncode == 0, done.stderr
    return served


def install(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    return client("install", "greet", url, tmp_path / "env", tmp_path / "cache", home=tmp_path)


def test_py_rattler_installs_through_a_token(channel: Served, tmp_path: Path) -> None:
    done = install(tmp_path, channel.url + path_of(1, key="").rstrip("/"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "env/bin/greet").read_bytes() == PAYLOAD
    assert any("repodata_shards.msgpack.zst 200" in line for line in channel.lines)
    assert not any(token(1).secret.reveal() in line for line in channel.lines)


@pytest.mark.parametrize("number", [2, 9])
def test_py_rattler_is_turned_away_with_another_token(channel: Served, tmp_path: Path, number: int) -> None:
    assert install(tmp_path, channel.url + path_of(number, key="").rstrip("/")).returncode == 1
    assert not (tmp_path / "env").exists()


def test_py_rattler_is_turned_away_once_the_token_has_expired(channel: Served, tmp_path: Path) -> None:
    channel.now += timedelta(days=1)
    assert install(tmp_path, channel.url + path_of(1, key="").rstrip("/")).returncode == 1


def set_up(name: Client, url: str, home: Path, *, until: int | None = None) -> subprocess.CompletedProcess[str]:
    commands = [c for c in client_setup(name, url).commands if not c.startswith(("conda ", "mamba "))][:until]
    return subprocess.run(
        ["bash", "-ec", "\n".join(commands)], input=token(1).text.reveal() + "\n", capture_output=True, text=True,
        timeout=30, env={"PATH": os.environ["PATH"], "HOME": str(home)}, check=False,
    )  # fmt: skip


def test_py_rattler_finds_the_token_that_setup_stored(channel: Served, tmp_path: Path) -> None:
    assert set_up(Client.PIXI, f"{channel.url}/main", tmp_path).returncode == 0
    done = install(tmp_path, f"{channel.url}/main")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not which("curl"), reason="there is no curl here")
def test_curl_finds_the_token_that_setup_stored(channel: Served, tmp_path: Path) -> None:
    done = set_up(Client.CURL, f"{channel.url}/main", tmp_path)
    assert json.loads(done.stdout.removeprefix("token: "))["packages.conda"]


@pytest.mark.parametrize("name", [client for client in Client if client is not Client.CONDA_LOCK])
def test_a_set_up_keeps_what_is_there_and_is_for_its_owner_only(tmp_path: Path, name: Client) -> None:
    setup = client_setup(name, "https://conda.acme.example/main")
    for _ in range(2):
        assert set_up(name, "https://conda.acme.example/main", tmp_path, until=3).returncode == 0
    stored = tmp_path / setup.file.removeprefix("~/")
    assert stored.stat().st_mode & 0o077 == 0
    assert token(1).secret.reveal() in stored.read_text()
    assert token(1).secret.reveal() not in repr(setup)


def test_conda_lock_is_given_the_name_of_a_variable_and_no_token() -> None:
    setup = client_setup(Client.CONDA_LOCK, "https://conda.acme.example/main")
    assert "https://conda.acme.example/t/$CHANNEL_TOKEN/main" in setup.content
    assert not any(">" in command for command in setup.commands)


def test_rattler_build_and_pixi_share_one_store() -> None:
    url = "https://conda.acme.example/main"
    one, other = client_setup(Client.PIXI, url), client_setup(Client.RATTLER_BUILD, url)
    assert (one.file, one.content, one.commands) == (other.file, other.content, other.commands)


def test_a_conda_token_has_no_line_end(tmp_path: Path) -> None:
    set_up(Client.CONDA, "https://conda.acme.example/main", tmp_path)
    stored = tmp_path / ".config/binstar/https%3A%2F%2Fconda.acme.example%2Fmain.token"
    assert stored.read_text() == token(1).text.reveal()
