"""What garbage collection did, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One object. `size` in bytes; `due` is when it may be deleted, None where it was."""

    key: str
    size: int
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GcReport:
    """The generations that are kept, what is doomed, and what was deleted; both in order of the keys."""

    kept: tuple[int, ...] = ()
    doomed: tuple[Collected, ...] = ()
    deleted: tuple[Collected, ...] = ()

    @property
    def freed(self) -> int:
        """Bytes."""
        return sum(each.size for each in self.deleted)
