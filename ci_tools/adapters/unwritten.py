"""A working tree that takes every write and keeps none: what a dry run works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_tools.core.changes import ChangeSet
    from ci_tools.ports import Repository


class UnwrittenRepository:
    """`repository`, with what is written to it in memory, where `read` finds it again."""

    def __init__(self, repository: Repository) -> None:
        self._under = repository
        self._written: dict[str, bytes] = {}

    @property
    def root(self) -> Path:
        return self._under.root

    def commit(self, ref: str) -> str:
        return self._under.commit(ref)

    def changes(self, base: str, head: str = "HEAD") -> ChangeSet:
        return self._under.changes(base, head)

    def merge_base(self, base: str, head: str = "HEAD") -> str:
        return self._under.merge_base(base, head)

    def files(self, directory: str = "") -> Mapping[str, str]:
        return self._under.files(directory)

    def links(self) -> Mapping[str, str]:
        return self._under.links()

    def read(self, path: str) -> bytes:
        return self._written[path] if path in self._written else self._under.read(path)

    def read_at(self, commit: str, path: str) -> bytes | None:
        return self._under.read_at(commit, path)

    def write(self, path: str, body: bytes) -> None:
        self._written[path] = body
