"""A team: a git repository of two recipes, a bucket on a real S3 server, and everybody's commands as real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        code, said = self._ended(argv)
        assert code == expect, f"{argv}: {said}"
        return said

    def told(self, *words: str) -> tuple[int, str]:
        """The exit code of a `channel` command, and all that it says."""
        return self._ended((sys.executable, "-m", "ci_tools.cli", *words))

    def _ended(self, argv: tuple[str, ...]) -> tuple[int, str]:
        ended = subprocess.run(
            argv, cwd=self.path, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        return ended.returncode, ended.stdout + ended.stderr

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


def new_team(tmp_path: Path, seaweedfs: S3Server, **secrets: str) -> Team:
    """Its keys are made; `secrets` are in the environment of every command."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@acme.example", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@acme.example",
        "PYTHONPATH": str(ROOT), **seaweedfs.env, **secrets,
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
