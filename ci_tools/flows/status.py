"""Looking at where the channel stands, without changing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools import documents
from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.receipt import Receipt
from ci_tools.core.standing import ChannelStanding, SubdirStanding
from ci_tools.flows.index import read_states
from ci_tools.flows.present import index_documents, present
from ci_tools.flows.project import behind

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.core.repodata import IndexState
    from ci_tools.ports import ObjectStore


def status(store: ObjectStore, pinned_root: bytes, channel: str, now: datetime) -> ChannelStanding:
    """Where the channel stands, verified from the pinned root down."""
    found = present(store, pinned_root, now)
    if found.generation is None:
        return ChannelStanding(channel=channel)
    key = layout.receipt_key(found.number)
    receipt = documents.read(Receipt, index_documents(store, found.generation, (key,))[key], key)
    listed = tuple(s for s in Subdir if f"{s}/{layout.REPODATA}" in found.generation.targets)
    return ChannelStanding(
        channel=channel,
        generation=found.number,
        parent=receipt.parent,
        cause=receipt.cause,
        expires=found.generation.expires.first,
        subdirs=tuple(_subdir(state) for state in read_states(store, found, listed).values()),
        behind=behind(store, found.generation),
    )


def _subdir(state: IndexState) -> SubdirStanding:
    names = {filename.dist.name for filename in state.filenames}
    return SubdirStanding(subdir=state.subdir, packages=len(state.filenames), names=len(names))
