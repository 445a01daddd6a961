"""Writing the pointers that ordinary clients know, from what a generation made true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.layout import Freshness
from ci_tools.core.projection import (
    GENERATION,
    SHA256,
    Standing,
    listed,
    marked,
    marker,
    projection_order,
    standing,
    to_write,
)
from ci_tools.errors import ConflictError, NotFoundError
from ci_tools.flows.present import present
from ci_tools.ports import ABSENT, Absent, Etag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.generation import Generation
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore


def project(setting: Setting, generation: Generation) -> tuple[str, ...]:
    """The pointers that were behind `generation` and now are not, in the order written; empty where none was.

    A pointer of a newer generation is left alone. A projection that died half-way is completed by the next call.

    A condition on an etag cannot tell a pointer from itself: where a newer generation has the bytes of an older one
    again (a rollback), its publisher may pass by a pointer that a slower one is about to overwrite. So whoever finds at
    the end that the marker was moved meanwhile looks again, by what is true by then.
    """
    store, written = setting.store, dict[str, None]()
    while True:
        number, etag = _marker(store)
        if number > generation.number and written:
            generation = present(store, setting.notary.root, setting.now).generation or generation
            return tuple(written | dict.fromkeys(_projected_all(store, written, generation)))
        if number >= generation.number:
            return tuple(written)
        keys = to_write(generation.targets, _listed(store, number))
        written |= dict.fromkeys(_projected_all(store, keys, generation))
        if _marked(store, generation, etag):
            return tuple(written)


def behind(store: ObjectStore, generation: Generation) -> tuple[str, ...]:
    """The pointers that are not those of `generation`, or of a newer one."""
    keys = projection_order(generation.targets)
    return tuple(key for key in keys if _pointer(store, key, generation)[0] is Standing.BEHIND)


def _marker(store: ObjectStore) -> tuple[int, Etag | Absent]:
    """Up to which generation all pointers are written."""
    try:
        stored = store.get(layout.PROJECTED)
    except NotFoundError:
        return 0, ABSENT
    return marked(stored.body), stored.head.etag


def _marked(store: ObjectStore, generation: Generation, etag: Etag | Absent) -> bool:
    try:
        store.put(layout.PROJECTED, marker(generation.number), Freshness.POINTER, if_match=etag)
    except ConflictError:
        return False
    return True


def _listed(store: ObjectStore, number: int) -> Mapping[str, str]:
    """What the pointers are up to generation `number`; empty where that cannot be said, and all are looked at."""
    try:
        return listed(store.get(layout.metadata_key("targets", number)).body) if number else {}
    except NotFoundError:
        return {}


def _projected_all(store: ObjectStore, keys: Iterable[str], generation: Generation) -> list[str]:
    return [key for key in keys if key in generation.targets and _projected(store, key, generation)]


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
    return standing(head.metadata, generation.number, generation.targets[key].sha256), head.etag
