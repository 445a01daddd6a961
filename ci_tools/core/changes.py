"""What a git range is, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What happened to a path; a rename is a deletion of the old path and a `RENAMED` of the new one."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Change:
    """One changed path, POSIX, relative to the repository's root; `before` is set for a rename."""

    path: str
    kind: ChangeKind
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """What changed between two commits; `base` is empty where there is nothing to compare with (a first push)."""

    base: str
    head: str
    changes: tuple[Change, ...]
    dirty: bool = False  # uncommitted changes of the working tree are part of `changes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What `head` has changed since it parted from `base`: a branch, a pull request."""

    base: str
    head: str = "HEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a push changed: `before..head`. A first push (`before` is zeros) and a force-push mean everything."""

    before: str
    head: str = "HEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """No range: all that is there is compared with what the channel holds."""


Span = Since | Push | Everything
