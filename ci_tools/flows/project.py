"""Writing the pointers that ordinary clients know, from what a generation made true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.layout import Freshness
from ci_tools.core.projection import GENERATION, MARKER, SHA256, Standing, projection_order, standing
from ci_tools.errors import ConflictError, NotFoundError
from ci_tools.ports import ABSENT, Absent, Etag

if TYPE_CHECKING:
    from ci_tools.core.generation import Generation
    from ci_tools.ports import ObjectStore


def project(store: ObjectStore, generation: Generation) -> tuple[str, ...]:
    """The pointers that were behind `generation` and now are not, in the order written; empty where none was.

    A pointer of a newer generation is left alone. A projection that died half-way is completed by the next call.
    """
    if _pointer(store, MARKER, generation)[0] is not Standing.BEHIND:
        return ()
    return tuple(key for key in _pointers(generation) if _projected(store, key, generation))


def behind(store: ObjectStore, generation: Generation) -> tuple[str, ...]:
    """The pointers that `project` would write."""
    return tuple(key for key in _pointers(generation) if _pointer(store, key, generation)[0] is Standing.BEHIND)


def _pointers(generation: Generation) -> tuple[str, ...]:
    return projection_order(key for key in generation.targets if not layout.receipt_number(key))


def _projected(store: ObjectStore, key: str, generation: Generation) -> bool:
    while True:
        standing_now, etag = _pointer(store, key, generation)
        if standing_now is not Standing.BEHIND:
            return False
        target = generation.targets[key]
        metadata = {GENERATION: str(generation.number), SHA256: target.sha256}
        body = store.get(layout.by_hash(key, target.sha256)).body
        try:
            store.put(key, body, Freshness.POINTER, if_match=etag, metadata=metadata)
        except ConflictError:
            continue  # somebody projects too: look again, it may be a newer generation
        return True


def _pointer(store: ObjectStore, key: str, generation: Generation) -> tuple[Standing, Etag | Absent]:
    try:
        head = store.head(key)
    except NotFoundError:
        return Standing.BEHIND, ABSENT
    return standing(key, head.metadata, generation.number, generation.targets[key].sha256), head.etag
