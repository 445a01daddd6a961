"""Packing the index documents densely: other bytes, the same records. A publish packs fast, this takes its time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ci_tools.core.layout import Document, Freshness
from ci_tools.core.zst import packed, unpacked
from ci_tools.flows.present import index_documents
from ci_tools.flows.transaction import Commit, Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore

DENSE = 19  # where zstd's levels end without extra memory for readers


def compact(setting: Setting) -> Commit:
    """A generation whose compressed documents are as small as they get; none where they are already."""
    return transaction(setting, partial(_decided, setting.store))


def _decided(store: ObjectStore, before: Present, _: int) -> Proposal:
    return Proposal(documents=tuple(_denser(store, before)))


def _denser(store: ObjectStore, before: Present) -> Iterator[Document]:
    if before.generation is None:
        return
    for key in before.generation.targets:
        if key.endswith(".zst"):
            frame = index_documents(store, before.generation, (key,))[key]
            dense = packed(unpacked(frame, key), DENSE)
            if len(dense) < len(frame):
                yield Document(key=key, body=dense, freshness=Freshness.POINTER)
