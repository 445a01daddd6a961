"""Reading what is true now: timestamp -> snapshot -> targets -> index documents by hash."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.generation import Generation, TargetFile, held_generation, read_root, referenced
from ci_tools.core.package import Subdir
from ci_tools.core.repodata import IndexState
from ci_tools.core.root import root_version
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.ports import Etag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from ci_tools.ports import ObjectStore


RESTORE = "restore it from the bucket's versions or a backup; `channel verify` lists what else is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The generation a store holds, and what is needed to follow it; all None and empty for a store that is new."""

    generation: Generation | None = None
    roots: tuple[bytes, ...] = ()  # the pinned one and those after it
    timestamp: bytes = b""
    etag: Etag | None = None
    states: dict[Subdir, IndexState] = field(default_factory=dict, compare=False, repr=False)  # what was read of it

    @property
    def root(self) -> bytes:
        """The newest root; empty for a store that was not looked at."""
        return self.roots[-1] if self.roots else b""

    @property
    def number(self) -> int:
        """The generation's number; 0 where there is none yet."""
        return self.generation.number if self.generation else 0


def present(store: ObjectStore, pinned_root: bytes, now: datetime) -> Present:
    """What the store holds, verified from the pinned root down; TrustError where it does not hold.

    How old it is does not matter here: whoever asks is about to write the next one, or wants to see it.
    """
    newer = tuple(newer_roots(store, pinned_root))
    root, roots = read_root(pinned_root, newer, now), (pinned_root, *newer)
    try:
        pointer = store.get(layout.TIMESTAMP)
    except NotFoundError:
        return Present(roots=roots)
    snapshot = _named(store, pointer.body, "snapshot")
    generation = held_generation(root, pointer.body, snapshot, _named(store, snapshot, "targets"))
    return Present(generation=generation, roots=roots, timestamp=pointer.body, etag=pointer.head.etag)


def still_present(store: ObjectStore, known: Present | None, pinned_root: bytes, now: datetime) -> Present:
    """What the store holds: `known` itself, with all that was read of it, where nobody has committed since."""
    if known is not None and known.etag is not None:
        with suppress(NotFoundError):
            if store.get(layout.TIMESTAMP).body == known.timestamp:
                return known
    return present(store, pinned_root, now)


def index_documents(store: ObjectStore, generation: Generation, keys: Iterable[str]) -> Mapping[str, bytes]:
    """The generation's documents among `keys`, read by hash; keys it does not list are left out."""
    listed = {key: generation.targets[key] for key in keys if key in generation.targets}
    return {key: _checked(store, key, target) for key, target in listed.items()}


def newer_roots(store: ObjectStore, pinned_root: bytes) -> Iterator[bytes]:
    """The roots that the store serves after the pinned one, in order, not verified."""
    for version in count(root_version(pinned_root) + 1):
        try:
            yield store.get(layout.metadata_key("root", version)).body
        except NotFoundError:
            return


def _named(store: ObjectStore, document: bytes, role: str) -> bytes:
    key = layout.metadata_key(role, referenced(document, role))
    try:
        return store.get(key).body
    except NotFoundError as exc:
        raise TrustError(f"`{key}` is gone, though the channel refers to it", hint=RESTORE) from exc


def _checked(store: ObjectStore, key: str, target: TargetFile) -> bytes:
    # Under the name that clients know first: its head will be wanted by whoever replaces it.
    with suppress(NotFoundError):
        pointer = store.get(key).body
        if target.matches(pointer):
            return pointer
    copy = layout.by_hash(key, target.sha256)
    try:
        body = store.get(copy).body
    except NotFoundError as exc:
        raise TrustError(f"`{copy}` is gone, though the generation lists it", hint=RESTORE) from exc
    if not target.matches(body):
        raise TrustError(f"`{copy}` is not what the generation lists", hint=RESTORE)
    return body
