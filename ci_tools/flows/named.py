"""What the kept generations of a channel name, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.garbage import Named
from ci_tools.core.generation import TargetFile, past_targets
from ci_tools.core.history import kept
from ci_tools.core.package import Subdir
from ci_tools.core.shards import read_shard_index
from ci_tools.core.sheet import Sheet
from ci_tools.core.zst import unpacked
from ci_tools.errors import NotFoundError, StoreError, TrustError
from ci_tools.flows.history import receipts
from ci_tools.flows.present import Present
from ci_tools.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The generations that are kept, and what they name."""

    generations: tuple[int, ...]
    named: Named


def named(store: ObjectStore, found: Present, keep: timedelta, now: datetime) -> Kept:
    """What is named by every generation that was the present one within the last `keep`.

    StoreError or TrustError where one of them cannot be read: then nothing can be said to be garbage.
    """
    chain = tuple(receipts(store, found))
    numbers = tuple(kept(chain, now, keep))
    reading = _Reading(store=store, found=found, keys=set(), packages=set(), seen=set())
    for number in numbers:
        reading.take(number)
    return Kept(
        generations=numbers,
        named=Named(
            keys=frozenset(reading.keys),
            packages=frozenset(reading.packages),
            receipts=frozenset(receipt.generation for receipt in chain),
            last=found.number,
        ),
    )


@dataclass(slots=True, kw_only=True)
class _Reading:
    """What was read so far; a document that several generations share is read once."""

    store: ObjectStore
    found: Present
    keys: set[str]
    packages: set[str]
    seen: set[str]

    def take(self, number: int) -> None:
        """Add what generation `number` names."""
        self.keys |= {layout.metadata_key(role, number) for role in ("targets", "snapshot")}
        for key, target in self._targets(number).items():
            copy = layout.by_hash(key, target.sha256)
            self.keys.add(copy)
            if copy not in self.seen:
                self.seen.add(copy)
                self._take_document(key, copy, target)

    def _targets(self, number: int) -> Mapping[str, TargetFile]:
        present = self.found.generation
        if present is not None and number == present.number:
            return present.targets
        key = layout.metadata_key("targets", number)
        return past_targets(self.found.roots, number, self._get(key, number))

    def _take_document(self, key: str, copy: str, target: TargetFile) -> None:
        folder, _, name = key.rpartition("/")
        if folder not in tuple(Subdir) or name not in {layout.REPODATA_ZST, layout.WITHHELD, layout.SHARD_INDEX}:
            return
        body = self._get(copy, 0)
        if not target.matches(body):
            raise TrustError(f"`{copy}` is not what its generation lists", hint="`channel index check` says more")
        if name == layout.SHARD_INDEX:
            digests = read_shard_index(body, copy).values()
            self.keys |= {layout.shard_key(Subdir(folder), digest.hex()) for digest in digests}
        else:
            self.packages |= {f"{folder}/{file}" for file in _files(body, copy)}

    def _get(self, key: str, number: int) -> bytes:
        try:
            return self.store.get(key).body
        except NotFoundError as exc:
            what = (
                f"`{key}` is gone, though generation {number} is kept" if number else f"`{key}` of a kept one is gone"
            )
            raise StoreError(what, hint="`channel index check` says what else is missing") from exc


def _files(body: bytes, what: str) -> Iterator[str]:
    return Sheet.parse(unpacked(body, what), what)[0].names
