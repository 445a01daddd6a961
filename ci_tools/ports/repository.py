"""The git repository of the recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_tools.core.changes import ChangeSet


class Repository(Protocol):
    """The git repository of the recipes. One implementation, real git; a protocol only so that flows see no process."""

    @property
    def root(self) -> Path:
        """The top of the working tree, absolute."""

    def commit(self, ref: str) -> str:
        """The full id of the commit that `ref` names, empty where it names none (HEAD before the first commit).

        UsageError in a shallow clone, which may merely lack it.
        """

    def changes(self, base: str, head: str = "HEAD") -> ChangeSet:
        """What `base..head` changed; an empty base means everything that is there. UsageError names a way out.

        Where `head` is checked out, what is not committed yet is part of it, untracked files included.
        """

    def merge_base(self, base: str, head: str = "HEAD") -> str:
        """The commit where both lines parted, empty where they have none in common.

        UsageError where a shallow clone hides it, with the command that mends that.
        """

    def files(self, directory: str = "") -> Mapping[str, str]:
        """Path -> `mode:blob id` of the content in the working tree, tracked or not, ignored ones left out.

        Modes are git's: 100644, 100755 (executable), 120000 (symbolic link), 160000 (submodule, with its commit).
        A path is POSIX, relative to the root; bytes of it that are not UTF-8 are surrogates (PEP 383).
        """

    def links(self) -> Mapping[str, str]:
        """Path -> target as written, of every symbolic link in the working tree."""

    def read(self, path: str) -> bytes:
        """The content of a file of the working tree."""

    def write(self, path: str, body: bytes) -> None:
        """Replace the content of a file of the working tree, whole or not at all; its mode stays."""

    def read_at(self, commit: str, path: str) -> bytes | None:
        """The content of a file as `commit` has it; None where it has no such file."""
