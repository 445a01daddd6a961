"""What a build may know of this machine, and the bounds that it is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters import process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_tools.adapters.process import Ended
    from ci_tools.ports import Workspace


def sealed(env: Mapping[str, str], folder: Path, *, path: str) -> dict[str, str]:
    """The whole environment of a build in `folder`: no home, no cache and no credential of the user."""
    own = {"HOME": folder / "home", "TMPDIR": folder / "tmp"}
    for made in own.values():
        made.mkdir(exist_ok=True)
    return process.narrowed(env, path=path) | {name: str(made) for name, made in own.items()}


def cut_short(ended: Ended, workspace: Workspace) -> str:
    """Why the build was ended before its time, in one sentence; empty where it came to its own end."""
    if ended.timed_out:
        return f"it took longer than {workspace.timeout:g} s, its tests included"
    return ""
