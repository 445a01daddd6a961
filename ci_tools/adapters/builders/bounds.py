"""The bounds that a build is held to: its time, its place on the disk, and the recipe that it must leave alone."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.quantities import size_text
from ci_tools.ports import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.adapters.builders.attempt import Attempt
    from ci_tools.adapters.process import Ended

POLL = 0.5  # seconds between two looks at the disk, at least
SHARE = 20  # what lies between two looks, as a multiple of what one takes
BLOCK = 512  # bytes; stat(2) counts in these


@dataclass(slots=True, kw_only=True)
class Watch:
    """Whether a build in `folder` may go on: asked often, it looks at the disk now and then."""

    folder: Path
    workspace: Workspace
    due: float = field(default_factory=time.monotonic)

    def objection(self) -> str:
        """Why the build must end; empty where it may go on."""
        if self.workspace.interrupted():
            return "the run was interrupted"
        started = time.monotonic()
        if started < self.due:
            return ""
        most = self.workspace.disk
        laid = _laid(str(self.folder), most)
        ended = time.monotonic()
        self.due = ended + max(POLL, (ended - started) * SHARE)
        if laid <= most:
            return ""
        return f"it laid more than {size_text(most)} on the disk (channel.yaml: `build: {{disk: …}}`)"


def _laid(folder: str, enough: int) -> int:
    """The bytes that lie below `folder` on the disk, counted until they are more than `enough`."""
    total, pending = 0, [folder]
    while pending and total <= enough:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:  # it was there a moment ago
            continue
        for entry in entries:
            try:
                total += entry.stat(follow_symlinks=False).st_blocks * BLOCK
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
    return total


def overstepped(ended: Ended, attempt: Attempt, before: Mapping[str, tuple[int, int]]) -> str:
    """Which bound the build did not keep, in one sentence; empty where it kept them all."""
    if ended.timed_out:
        return f"it took longer than {attempt.workspace.timeout:g} s, its tests included"
    if ended.stopped:
        return ended.stopped
    after = stamps(attempt)
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if changed:
        named = ", ".join(f"`{attempt.output.recipe}/{name}`" for name in changed[:3])
        return f"it changed its own recipe, which nobody reviewed so: {named}"
    return ""


def stamps(attempt: Attempt) -> Mapping[str, tuple[int, int]]:
    """Size and time of each file of the recipe."""
    recipe = attempt.workspace.repository / attempt.output.recipe
    found = ((path, path.stat()) for path in recipe.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(recipe).as_posix(): (stat.st_size, stat.st_mtime_ns) for path, stat in found}
