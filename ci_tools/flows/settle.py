"""What follows a commit: the pointers that clients know, the copies at the edge, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.receipt import RunReport
from ci_tools.flows.invalidate import invalidate
from ci_tools.flows.project import project

if TYPE_CHECKING:
    from ci_tools.core.receipt import Refused
    from ci_tools.flows.transaction import Commit, Setting
    from ci_tools.ports import Edge


def settle(commit: Commit, setting: Setting, edge: Edge, refused: tuple[Refused, ...] = ()) -> RunReport:
    """Write the pointers of what is true after `commit`, and have the edge forget the old ones."""
    generation = commit.present.generation
    projected = project(setting, generation) if generation else ()
    return RunReport(
        receipt=commit.receipt, refused=refused, projected=projected, invalidated=invalidate(edge, projected)
    )
