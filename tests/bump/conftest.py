"""A channel repository in git, and pages to look for versions on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import Pages, pages

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Repo:
    """A channel repository in git."""

    path: Path

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=A. Author", "-c", "user.email=author@example.com", "-c", "tag.gpgSign=false")
        return subprocess.run(
            ["git", *identity, *arguments], cwd=cwd or self.path, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, path: str, content: str) -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
        return file


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    found = Repo(tmp_path / "a channel")
    found.path.mkdir()
    found.git("init", "-q", "-b", "main")
    found.write("channel.yaml", "channel: acme\n")
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "first")
    return found


@pytest.fixture
def web() -> Iterator[Pages]:
    with pages() as found:
        yield found
