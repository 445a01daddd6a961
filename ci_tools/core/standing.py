"""Where a channel stands: the present generation, what it holds, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ci_tools.core.package import Subdir
from ci_tools.core.receipt import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class SubdirStanding:
    """What one subdir holds."""

    subdir: Subdir
    packages: int
    names: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStanding:
    """Where a channel stands. `generation` is 0 and `expires` None where nothing was published yet.

    `behind` are pointers that clients know and that are not those of the present generation.
    """

    channel: str
    generation: int = 0
    parent: int = 0
    cause: Cause | None = None
    expires: datetime | None = None
    subdirs: tuple[SubdirStanding, ...] = ()
    behind: tuple[str, ...] = ()
