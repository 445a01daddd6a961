"""What was done, and why: the value a publish ends with, part of it signed into the channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ci_tools.core.package import Filename, Subdir


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a generation exists. `who` is a login or `user@host`; `run` a URL or empty on a laptop."""

    commit: str
    run: str
    who: str
    what: str = "publish"  # publish, refresh, rollback, rebuild, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One package that a generation brought in, and what it was made from."""

    filename: Filename
    subdir: Subdir
    sha256: str
    size: int
    attestations_sha256: str
    input_hash: str = ""
    recipe: str = ""
    backend: str = ""
    seconds: float = 0.0
    source: str = ""  # the channel that it was imported from


class Did(StrEnum):
    """What a generation did to a package that was there already."""

    YANKED = "yanked"
    UNYANKED = "unyanked"
    PATCHED = "patched"  # its record says something else than the package, or something else than before
    UNPATCHED = "unpatched"  # its record says what the package says again
    WITHDRAWN = "withdrawn"  # it is not indexed any more
    RESTORED = "restored"  # it is indexed again
    RECORDED = "recorded"  # its record was made again from the package, and differs


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One package that was there and is indexed otherwise now. `key` is the package's, `because` may be empty."""

    did: Did
    key: str
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """receipts/<N>.json: what generation N did and why. Signed as a TUF target, so it never changes.

    `parent_sha256` is the digest of the parent's receipt (empty for the first): the history is a chain, so the targets
    need to list only the newest receipts. `at` is when the run that made it began (UTC).
    """

    generation: int
    parent: int
    parent_sha256: str
    cause: Cause
    published: tuple[Published, ...] = ()
    changes: tuple[Change, ...] = ()
    at: datetime | None = None


class Fault(StrEnum):
    """Whose fault a refusal is; the exit code follows from it."""

    BUILD = "build"  # it was not built
    HANDOVER = "handover"  # it is not what was asked for: never published, whatever it is
    PROMISE = "promise"  # its file name is taken by other bytes
    WAITS = "waits"  # it is fine, but something that it needs is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One thing that was not published, with the reason; a value, not an exception."""

    what: str
    because: str
    hint: str = ""
    fault: Fault = Fault.HANDOVER


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run of publish did: the receipt where a generation was made, and what went on around it (unsigned)."""

    receipt: Receipt | None
    uploaded: tuple[str, ...] = ()
    already_there: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    projected: tuple[str, ...] = ()
    invalidated: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        """Whether anything is different from before the run."""
        return self.receipt is not None or bool(self.uploaded or self.projected)
