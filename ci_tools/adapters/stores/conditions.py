"""Under which condition a write may replace what is there."""

from __future__ import annotations

from ci_tools.errors import ConflictError
from ci_tools.ports import Absent, Etag


def holds(condition: Etag | Absent | None, present: Etag | None) -> bool:
    """Whether a write under `condition` may replace what is there."""
    if condition is None:
        return True
    return present is None if isinstance(condition, Absent) else present == condition


def conflict(key: str, detail: str = "") -> ConflictError:
    """A condition that was refused because the object holds something else."""
    hint = "read it again, then decide again"
    return ConflictError(f"`{key}` was written by somebody else", hint=hint, detail=detail)
