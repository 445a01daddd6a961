"""Whether a store's conditional writes hold: on one whose do not, two publishers at once would lose packages."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ci_tools.core.layout import Freshness
from ci_tools.errors import ConflictError, StoreError
from ci_tools.ports import ABSENT, Absent, Etag

if TYPE_CHECKING:
    from ci_tools.ports import ObjectStore

PLACE = ".probe/"
HINT = "use AWS S3, SeaweedFS, Ceph RGW or a folder; a store that ignores If-Match cannot hold a channel"


def probe(store: ObjectStore) -> None:
    """Say nothing where the conditions hold; StoreError names the one that does not."""
    key = f"{PLACE}{secrets.token_hex(8)}"
    try:
        first = store.put(key, b"first", Freshness.COMMIT, if_match=ABSENT)
        _require_refusal(store, key, ABSENT, "creates an object that is already there (If-None-Match is ignored)")
        store.put(key, b"second", Freshness.COMMIT, if_match=first)
        _require_refusal(store, key, first, "overwrites an object that has changed (If-Match is ignored)")
    finally:
        store.delete(key)


def _require_refusal(store: ObjectStore, key: str, condition: Etag | Absent, fault: str) -> None:
    try:
        store.put(key, b"must not be written", Freshness.COMMIT, if_match=condition)
    except ConflictError:
        return
    raise StoreError(f"the store {fault}", hint=HINT)
