"""Setting right every pointer that does not hold what the generation lists, whatever it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.layout import Freshness
from ci_tools.core.projection import GENERATION, SHA256, projection_order
from ci_tools.errors import NotFoundError
from ci_tools.flows.present import index_documents, present
from ci_tools.ports import ABSENT, Absent, Etag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.generation import Generation
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ObjectStore


def straighten(setting: Setting) -> tuple[str, ...]:
    """The pointers that were lost or altered and now are right; those of a newer generation are left alone."""
    found = present(setting.store, setting.notary.root, setting.now).generation
    astray = tuple(_astray(setting.store, found)) if found else ()
    for key, etag in astray:
        assert found is not None  # noqa: S101 (else nothing is astray)
        body = index_documents(setting.store, found, (key,))[key]
        metadata = {GENERATION: str(found.number), SHA256: layout.sha256(body)}
        setting.store.put(key, body, Freshness.POINTER, if_match=etag, metadata=metadata)
    return tuple(key for key, _ in astray)


def _astray(store: ObjectStore, generation: Generation) -> Iterator[tuple[str, Etag | Absent]]:
    for key in projection_order(generation.targets):
        try:
            stored = store.get(key)
        except NotFoundError:
            yield key, ABSENT
            continue
        written = stored.head.metadata.get(GENERATION, "")
        newer = written.isdigit() and int(written) > generation.number
        if not newer and not generation.targets[key].matches(stored.body):
            yield key, stored.head.etag
