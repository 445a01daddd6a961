"""What this machine can do, as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.diagnosis import BackendState, Diagnosis

NOT_CONFINED = (
    "write whatever their user may: they are confined on Linux 5.12 or newer, where user namespaces are "
    "allowed (Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
)


def diagnosis_text(found: Diagnosis) -> str:
    """A block for each back end, then a line for each program of the system."""
    blocks = (line for backend in found.backends for line in _backend(backend))
    programs = (f"{name:<14}{where or 'is not here'}" for name, where in found.programs)
    kept = "write their own folder alone" if found.confines else NOT_CONFINED
    return "\n".join((f"{'this machine':<14}{found.machine}", *blocks, *programs, f"{'builds':<14}{kept}"))


def _backend(backend: BackendState) -> Iterator[str]:
    state = f"{backend.version}  {backend.where}" if backend.version else "is not here"
    yield f"{backend.name:<14}{state}".rstrip()
    yield f"{'':<14}builds {backend.builds}"
    if not backend.version:
        yield f"{'':<14}to get it: {backend.how}"
