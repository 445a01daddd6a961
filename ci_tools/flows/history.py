"""Reading how a channel came to be: receipt by receipt, each named by the digest in the one after it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ci_tools import documents
from ci_tools.core import layout
from ci_tools.core.history import History, step
from ci_tools.core.receipt import Receipt
from ci_tools.errors import NotFoundError
from ci_tools.flows.present import index_documents, present

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ci_tools.flows.present import Present
    from ci_tools.ports import ObjectStore


def history(store: ObjectStore, pinned_root: bytes, channel: str, now: datetime, most: int) -> History:
    """The last `most` generations, verified from the pinned root down."""
    found = tuple(islice(receipts(store, present(store, pinned_root, now)), most + 1))
    return History(channel=channel, steps=tuple(map(step, found[:most])), older=len(found) > most)


def receipts(store: ObjectStore, found: Present) -> Iterator[Receipt]:
    """The receipts of the present generation and those before it, the newest first; it ends where one is gone."""
    if found.generation is None:
        return
    key = layout.receipt_key(found.number)
    receipt = documents.read(Receipt, index_documents(store, found.generation, (key,))[key], key)
    while True:
        yield receipt
        key = layout.receipt_key(receipt.parent)
        try:
            body = store.get(key).body
        except NotFoundError:
            return
        if layout.sha256(body) != receipt.parent_sha256:
            return
        receipt = documents.read(Receipt, body, key)
