"""A channel repository in git, written by a test."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=A. Author", "-c", "user.email=author@example.com", "-c", "tag.gpgSign=false")


@dataclass(frozen=True, slots=True)
class Repo:
    """A working tree: write files, commit them."""

    path: Path

    def git(self, *arguments: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *IDENTITY, *arguments], cwd=self.path, env=env, check=True, capture_output=True, text=True
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


def channel_repository(folder: Path) -> Repo:
    """A repository at `folder` with a channel.yaml and one commit."""
    folder.mkdir()
    found = Repo(folder)
    found.git("init", "-q", "-b", "main")
    found.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64]\n")
    found.commit("first")
    return found
