"""Whether a store's conditional writes hold: on one whose do not, two publishers at once would lose packages."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from ci_tools.core.layout import Freshness, sha256
from ci_tools.errors import ChannelError, ConflictError, NotFoundError, StoreError
from ci_tools.ports import ABSENT, Absent, Etag

if TYPE_CHECKING:
    from ci_tools.ports import ObjectStore

PLACE = ".probe/"
HINT = "use AWS S3, SeaweedFS, Ceph RGW or a folder; a store that ignores If-Match cannot hold a channel"


def probe(store: ObjectStore, place: str = "") -> None:
    """Say nothing where the conditions hold; StoreError names the one that does not.

    `place` says which store it is, as its configuration does: once the conditions held there, that is kept below
    `.probe/` and asked instead. A copy of the channel elsewhere is another place. A few bytes of the probe itself stay
    where the caller may not delete; they are nobody's and never read again.
    """
    held = f"{PLACE}held-{sha256(place.encode())}"
    if place and _is_there(store, held):
        return
    key = f"{PLACE}{secrets.token_hex(8)}"
    try:
        _require_conditions(store, key)
    finally:
        with suppress(ChannelError):  # who publishes need not be allowed to delete; and it must not hide what was found
            store.delete(key)
    if place:
        store.put(held, b"conditions held here\n", Freshness.IMMUTABLE, if_match=ABSENT)


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except NotFoundError:
        return False
    return True


def _require_conditions(store: ObjectStore, key: str) -> None:
    first = store.put(key, b"first", Freshness.POINTER, if_match=ABSENT)
    _require_refusal(store, key, ABSENT, "creates an object that is already there (If-None-Match is ignored)")
    store.put(key, b"second", Freshness.POINTER, if_match=first)
    _require_refusal(store, key, first, "overwrites an object that has changed (If-Match is ignored)")


def _require_refusal(store: ObjectStore, key: str, condition: Etag | Absent, fault: str) -> None:
    try:
        store.put(key, b"must not be written", Freshness.POINTER, if_match=condition)
    except ConflictError:
        return
    raise StoreError(f"the store {fault}", hint=HINT)
