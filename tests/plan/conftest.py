"""A real git repository to plan in."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci_tools.adapters.git import GitRepository


@dataclass(frozen=True, slots=True)
class Tree:
    """A working tree: write files, commit them."""

    path: Path

    def git(self, *arguments: str) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *arguments], cwd=self.path, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, path: str, content: str | bytes = "x\n") -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "change", **files: str) -> str:
        for path, content in files.items():
            self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def open(self) -> GitRepository:
        return GitRepository(self.path, {**os.environ, "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"})


@pytest.fixture
def bare_tree(tmp_path: Path) -> Tree:
    """A repository without a commit, whose name needs care."""
    tree = Tree(tmp_path / "a repository")
    tree.path.mkdir()
    tree.git("init", "-q", "-b", "main")
    tree.git("config", "user.name", "A. Author")
    tree.git("config", "user.email", "author@example.com")
    return tree


@pytest.fixture
def tree(bare_tree: Tree) -> Tree:
    """A repository with one commit."""
    bare_tree.write("README.md", "hello\n")
    bare_tree.commit("first")
    return bare_tree
