"""The main job as people run it: a real git repository, real processes, a bucket on a real S3 server, a real client."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_tools.core.tokens import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import S3Server

ROOT = Path(__file__).parents[2]
CHANNEL_YAML = """\
channel: acme
url: http://127.0.0.1:{port}/acme
edge: {{kind: local, port: {port}}}
store: {{kind: s3, bucket: {bucket}, prefix: acme, region: us-east-1, endpoint: "{endpoint}"}}
"""
WORDS = """\
schema_version: 1
package: {name: words, version: "1.0"}
build: {number: 0, noarch: generic, script: ['mkdir -p "$PREFIX/share"', 'echo hello > "$PREFIX/share/words"']}
tests: [{script: ['grep hello "$PREFIX/share/words"']}]
about: {license: MIT}
"""
GREET = """\
schema_version: 1
package: {name: greet, version: "1.0"}
source: {path: src}
build: {number: 0, noarch: generic, script: ['mkdir -p "$PREFIX/bin"', install -m 0755 greet "$PREFIX/bin/greet"]}
requirements: {run: [words]}
tests: [{script: [greet | grep hello]}]
about: {license: MIT}
"""
SCRIPT = '#!/bin/sh\ncat "$(dirname "$0")/../share/words"\n'


@dataclass(frozen=True, slots=True)
class Team:
    """A repository of recipes, and everybody who works with it."""

    path: Path
    env: dict[str, str]
    port: int

    def write(self, path: str, text: str) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def run(self, *argv: str, expect: int = 0) -> str:
        ended = subprocess.run(
            argv, cwd=self.path, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == expect, f"{argv}: {ended.stdout}{ended.stderr}"
        return ended.stdout + ended.stderr

    def channel(self, *words: str, expect: int = 0) -> str:
        return self.run(sys.executable, "-m", "ci_tools.cli", *words, expect=expect)

    def install(self, token: str, prefix: str, *, expect: int = 0) -> str:
        url = f"http://127.0.0.1:{self.port}/t/{token}/acme"
        return self.run(sys.executable, "-m", "ci_tools.adapters.consumer", url, prefix, "greet", expect=expect)

    @contextmanager
    def served(self) -> Iterator[None]:
        argv = (sys.executable, "-m", "ci_tools.cli", "-q", "serve", "--for", "120")
        with subprocess.Popen(argv, cwd=self.path, env=self.env, stdout=subprocess.DEVNULL) as server:
            try:
                _until_open(self.port)
                yield
            finally:
                server.terminate()


def _until_open(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nobody listens")


@pytest.fixture
def team(tmp_path: Path, seaweedfs: S3Server) -> Team:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@acme.example", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@acme.example",
        "PYTHONPATH": str(ROOT), **seaweedfs.env,
    }  # fmt: skip
    team = Team(tmp_path / "repository", env, port)
    team.path.mkdir()
    team.run("git", "init", "--quiet", "--initial-branch=main")
    team.write("channel.yaml", CHANNEL_YAML.format(port=port, bucket=seaweedfs.bucket(), endpoint=seaweedfs.endpoint))
    team.write(".gitignore", "/.keys/\n/.edge/\n/dist/\n/plan.json\n/prefix*/\n")
    team.write("recipes/words/recipe.yaml", WORDS)
    team.write("recipes/greet/recipe.yaml", GREET)
    team.write("recipes/greet/src/greet", SCRIPT)
    team.commit("Add two recipes")
    team.channel("keys", "init")
    return team


def published(team: Team, *span: str) -> dict:
    team.channel("plan", *span, "--out", "plan.json")
    team.channel("build", "--plan", "plan.json", "--out", "dist")
    report = team.channel("-q", "publish", "--plan", "plan.json", "dist", "--json")
    return json.loads(report)


def test_from_a_commit_to_an_installed_tool_and_back(team: Team) -> None:
    report = published(team)
    assert report["receipt"]["generation"] == 1
    assert {re.sub(r"-h\w+_0", "", key) for key in report["uploaded"]} == {
        "noarch/greet-1.0.conda",
        "noarch/words-1.0.conda",
    }
    token = TOKEN.search(
        team.channel("access", "grant", "anna", "--owner", "anna@acme.example", "--channel", "acme")
    ).group()
    with team.served():
        assert "words-1.0" in team.install(token, "prefix")
        assert team.run(str(team.path / "prefix/bin/greet")) == "hello\n"
        team.channel("verify", f"http://127.0.0.1:{team.port}/t/{token}/acme")
        team.channel("access", "revoke", "anna", "--now")
        assert "401" in team.install(token, "prefix-2", expect=1)


def test_what_is_published_is_not_planned_again_and_not_built_under_its_name(team: Team) -> None:
    published(team)
    assert json.loads(team.channel("-q", "plan", "--missing", "--json"))["jobs"] == []
    team.write("recipes/words/recipe.yaml", WORDS.replace("echo hello", "echo hello, world"))
    team.commit("Say more")
    refused = team.channel("plan", "--base", "HEAD~1", "--out", "plan.json", expect=3)
    assert "changed but not bumped" in refused
    team.write("recipes/words/recipe.yaml", WORDS.replace("echo hello", "echo hello, world").replace("r: 0", "r: 1"))
    team.commit("Bump")
    report = published(team, "--base", "HEAD~2")
    assert report["receipt"]["generation"] == 2
    assert [p["filename"].rpartition("_")[2] for p in report["receipt"]["published"]] == ["1.conda"]
    assert "generation 2" in team.channel("index", "status")


def test_a_failed_build_holds_back_only_what_needs_it(team: Team) -> None:
    team.write("recipes/words/recipe.yaml", WORDS.replace("grep hello", "grep goodbye"))
    team.write("recipes/other/recipe.yaml", WORDS.replace("name: words", "name: other"))
    team.channel("plan", "--missing", "--out", "plan.json")
    told = team.channel("build", "--plan", "plan.json", "--out", "dist", expect=4)
    assert "grep goodbye" in told
    report = team.channel("publish", "--plan", "plan.json", "dist", "--json", expect=4)
    assert "noarch/other-1.0" in report
    repodata = team.channel("index", "status")
    assert "1 package" in repodata


@pytest.mark.slow
def test_the_demo_shows_all_of_it(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "120"}
    argv = (sys.executable, "-m", "ci_tools.cli", "demo", "--folder", str(tmp_path / "demo"))
    ended = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for sight in (
        "26.2 mi = 42.16481 km",
        "changed but not bumped",
        "401 Unauthorized",
        "it was altered",
        "does not hold",
    ):
        assert sight in ended.stdout
    assert not TOKEN.search(ended.stdout + ended.stderr)
