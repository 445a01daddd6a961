"""Whether what a commit would name is safe from garbage collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.collection import Collection
from ci_tools.core.layout import COLLECTION
from ci_tools.errors import NotFoundError, Problem, StoreError
from ci_tools.flows.present import index_documents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.flows.present import Present
    from ci_tools.ports import ObjectStore


def collection_of(store: ObjectStore, present: Present) -> Collection:
    """What the present generation says is to be removed; nothing where it says nothing."""
    body = index_documents(store, present.generation, (COLLECTION,)) if present.generation else {}
    return Collection.parse(body[COLLECTION]) if body else Collection()


def free_of_collection(store: ObjectStore, present: Present, packages: frozenset[str], laid: Iterable[str]) -> bool:
    """Whether all that a commit names may be named; False where a document of it is just being deleted.

    A package that is being deleted, or was while this run was at work, cannot be brought back here: StoreError.
    """
    collection = collection_of(store, present)
    lost = sorted(packages & collection.condemned) + [
        key for key in sorted(packages & collection.gone.keys()) if not _is_there(store, key)
    ]
    if lost:
        hint = "run this again: it is uploaded anew; where that does not help, `channel index gc` died and must finish"
        raise StoreError(*(Problem(message=f"`{key}` was removed by a garbage collection", hint=hint) for key in lost))
    return collection.condemned.isdisjoint(laid)


def _is_there(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except NotFoundError:
        return False
    return True
