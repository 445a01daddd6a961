"""Looking at what the yanks and patches of the repository would change, without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.record_diff import IndexDiff, curation_diff
from ci_tools.flows.index import listed_subdirs, read_states
from ci_tools.flows.present import present

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.core.curation import Curation
    from ci_tools.ports import ObjectStore


def preview_curation(store: ObjectStore, pinned_root: bytes, curation: Curation, now: datetime) -> IndexDiff:
    """The records of the present generation that would read otherwise."""
    found = present(store, pinned_root, now)
    states = read_states(store, found, listed_subdirs(found)).values()
    return IndexDiff(records=tuple(d for state in states for d in curation_diff(state, curation.in_force(now))))
