"""A channel repository in git."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Repo:
    """A channel repository in git."""

    path: Path

    def git(self, *arguments: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *arguments], cwd=self.path, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with channel.yaml and one commit."""
    found = Repo(tmp_path / "a channel")
    found.path.mkdir()
    found.git("init", "-q", "-b", "main")
    found.git("config", "user.name", "A. Author")
    found.git("config", "user.email", "author@example.com")
    found.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64]\n")
    found.commit("first")
    return found
