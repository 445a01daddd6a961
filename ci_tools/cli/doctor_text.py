"""What this machine can do, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.diagnosis import BackendState, Diagnosis


def diagnosis_text(found: Diagnosis) -> str:
    """A block for each back end, then a line for each program of the system."""
    blocks = (line for backend in found.backends for line in _backend(backend))
    programs = (f"{name:<14}{where or 'is not here'}" for name, where in found.programs)
    return "\n".join((f"{'this machine':<14}{found.machine}", *blocks, *programs))


def _backend(backend: BackendState) -> Iterator[str]:
    state = f"{backend.version}  {backend.where}" if backend.version else "is not here"
    yield f"{backend.name:<14}{state}".rstrip()
    yield f"{'':<14}builds {backend.builds}"
    if backend.needed_by:
        yield f"{'':<14}needed by {', '.join(backend.needed_by)}"
    if not backend.version:
        yield f"{'':<14}to get it: {backend.how}"
