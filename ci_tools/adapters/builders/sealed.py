"""What a build may know and write of this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import ci_tools
from ci_tools.adapters import process
from ci_tools.adapters.process import Confinement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.adapters.builders.attempt import Attempt

NO_CUT = "channel.yaml says `build: {network: none}`, and this system does not let us cut it (channel doctor)"


def sealed(env: Mapping[str, str], folder: Path, *, path: str) -> dict[str, str]:
    """The whole environment of a build in `folder`: no home, no cache and no credential of the user."""
    own = {"HOME": folder / "home", "TMPDIR": folder / "tmp"}
    for made in own.values():
        made.mkdir(exist_ok=True)
    return process.narrowed(env, path=path) | {name: str(made) for name, made in own.items()}


def impossible(attempt: Attempt) -> str:
    """Why the build cannot be kept to what channel.yaml says, in one sentence; empty where it can."""
    return "" if attempt.workspace.network or process.confines() else NO_CUT


def confinement(attempt: Attempt, room: Path, *, writes: Path, needs: Path | None = None) -> Confinement | None:
    """What keeps the build to `room` and `writes`, where this system can do that; it needs to see `needs`."""
    if not process.confines():
        return None
    workspace = attempt.workspace
    local = (Path(unquote(urlsplit(url).path)) for url in workspace.channels if url.startswith("file:"))
    ours = (Path(sys.prefix), Path(sys.base_prefix), Path(ci_tools.__file__).parent.parent)
    seen = (workspace.repository, workspace.collected, *local, *ours, *((needs,) if needs else ()))
    return Confinement(
        writable=tuple(dict.fromkeys((room, writes))), visible=tuple(path for path in seen if path.exists()),
        tmp=room / "shared", network=workspace.network,
    )  # fmt: skip
