"""Every way to stop: an exit code, what is so, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to its caller; the table of the README is made from this."""

    DONE = 0
    BUG = 1
    USAGE = 2
    RECIPE = 3
    BUILD = 4
    TRUST = 5
    STORE = 6
    REMOTE = 7
    DIFFERENCE = 8
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, where it is, and the way out.

    `message` says what is so, without a full stop; `hint` says what to do; `path` is relative to the
    repository where there is one; `line` and `column` count from 1; `detail` is a vendor's own text, shown under -v.
    """

    message: str
    hint: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    detail: str = ""

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{where}: {self.message}" if where else self.message


class ChannelError(Exception):
    """The run cannot go on. Carries every problem found, never only the first."""

    exit_code = ExitCode.BUG

    def __init__(self, *problems: Problem | str, hint: str = "", detail: str = "") -> None:
        """Take problems, or sentences that share `hint` and `detail`."""
        self.problems = tuple(
            p if isinstance(p, Problem) else Problem(message=p, hint=hint, detail=detail) for p in problems
        )
        super().__init__("; ".join(str(p) for p in self.problems))


class UsageError(ChannelError):
    """A wrong word on the command line, or a channel.yaml that does not hold."""

    exit_code = ExitCode.USAGE


class RecipeError(ChannelError):
    """A recipe is wrong: it does not parse, contradicts another, or promises what it changed."""

    exit_code = ExitCode.RECIPE


class BuildError(ChannelError):
    """A build could not be carried out."""

    exit_code = ExitCode.BUILD


class PackageError(BuildError):
    """A package file is not what it says it is: truncated, renamed, of another subdir, or hostile."""


class TrustError(ChannelError):
    """A signature, a root or an expiry does not hold. Missing is never fine."""

    exit_code = ExitCode.TRUST


class StoreError(ChannelError):
    """The store refused, or holds something else than was promised."""

    exit_code = ExitCode.STORE


class NotFoundError(StoreError):
    """There is no such object: only ever a 404, never "not allowed"."""


class ConflictError(StoreError):
    """A conditional write was refused: somebody else was there first."""


class RemoteError(ChannelError):
    """A remote is unreachable or answers nonsense; a retry may help."""

    exit_code = ExitCode.REMOTE


class DifferenceError(ChannelError):
    """A check found a difference between what is and what should be."""

    exit_code = ExitCode.DIFFERENCE
