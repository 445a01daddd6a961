"""What clients see of a channel at one moment: those that know the pointers, and those that check."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgpack
import zstandard
from simulator import NOW, URL, ring

from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.verification import Severity, VerifyPolicy
from ci_tools.errors import NotFoundError
from ci_tools.flows.verify import verify
from ci_tools.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_tools.core.layout import Freshness
    from ci_tools.ports import Absent, Etag, Head, Sent, Stored

SUBDIRS = (Subdir.NOARCH, Subdir.LINUX_64)
COMPARED = (layout.REPODATA, layout.REPODATA_ZST, layout.SHARD_INDEX, layout.RUN_EXPORTS, layout.RUN_EXPORTS_ZST)


def body_of(store: ObjectStore, key: str) -> bytes | None:
    try:
        return store.get(key).body
    except NotFoundError:
        return None


def listed(store: ObjectStore) -> dict[str, str]:
    """Key -> SHA-256 of every package that repodata.json lists; both forms of it must say the same."""
    found: dict[str, str] = {}
    for subdir in SUBDIRS:
        plain, packed = (body_of(store, f"{subdir}/{name}") for name in (layout.REPODATA, layout.REPODATA_ZST))
        for body in (plain, packed and zstandard.ZstdDecompressor().decompress(packed)):
            for name, record in json.loads(body)["packages.conda"].items() if body else ():
                found[f"{subdir}/{name}"] = record["sha256"]
    return found


def sharded(store: ObjectStore) -> dict[str, str]:
    """The same from the shards, each fetched by its digest."""
    found: dict[str, str] = {}
    for subdir in SUBDIRS:
        index = body_of(store, f"{subdir}/{layout.SHARD_INDEX}")
        for digest in unpacked(index)["shards"].values() if index else ():
            shard = store.get(layout.shard_key(subdir, digest.hex())).body
            assert hashlib.sha256(shard).digest() == digest
            packages = unpacked(shard)["packages.conda"]
            found |= {f"{subdir}/{name}": record["sha256"].hex() for name, record in packages.items()}
    return found


def unpacked(body: bytes) -> dict:
    return msgpack.unpackb(zstandard.ZstdDecompressor().decompress(body, max_output_size=1 << 24))


def assert_sound(store: ObjectStore, *, under_way: bool = False) -> None:
    """Whatever a client reads first, what it finds there can be fetched and is what was promised.

    While a publish is `under_way`, a pointer may not be there yet: nobody who reads pointers knows of it.
    """
    assert_listed_is_there(store)
    if body_of(store, layout.TIMESTAMP):
        report = verify(StoredSource(store, URL), ring().root, POLICY, NOW)
        wrong = [f for f in report.findings if f.severity is Severity.PROBLEM]
        assert [f for f in wrong if not (under_way and f.what.startswith("is missing: most clients"))] == []


def assert_listed_is_there(store: ObjectStore) -> None:
    """What a client of today finds: every package that an index lists, with the bytes that it promises."""
    for key, sha256 in {**listed(store), **sharded(store)}.items():
        assert hashlib.sha256(store.get(key).body).hexdigest() == sha256, key


POLICY = VerifyPolicy(channel=URL, trusted_root=ring().trusted_root)


def documents(store: ObjectStore) -> dict[str, bytes | None]:
    """The index documents that law 4 is about, and every shard they name."""
    found = {f"{subdir}/{name}": body_of(store, f"{subdir}/{name}") for subdir in SUBDIRS for name in COMPARED}
    return found | {head.key: None for subdir in SUBDIRS for head in store.list(f"{subdir}/shards/")}


class Died(BaseException):
    """The process is gone; nothing that it would have done is done."""


Hook = Callable[[int, str], None]  # the write's number, its key


@dataclass(kw_only=True)
class Watched:
    """A store that calls `before` and `after` around each write, which may end the process (`Died`)."""

    under: ObjectStore
    before: MutableSequence[Hook] = field(default_factory=list)
    after: MutableSequence[Hook] = field(default_factory=list)
    writes: MutableSequence[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> Stored:
        return self.under.get(key)

    def head(self, key: str) -> Head:
        return self.under.head(key)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        return self.under.stream(key, start, stop)

    def list(self, prefix: str) -> Iterator[Head]:
        return self.under.list(prefix)

    def delete(self, key: str) -> None:
        self.under.delete(key)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        with self.lock:
            self.writes.append(key)
            number = len(self.writes)
        for call in self.before:
            call(number, key)
        etag = self.under.put(key, body, freshness, if_match=if_match, metadata=metadata, sent=sent)
        for call in self.after:
            call(number, key)
        return etag
