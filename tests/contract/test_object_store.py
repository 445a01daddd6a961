"""The ObjectStore port, held by every adapter. A new adapter is one line in STORES.

No law here is broken by moto; where it is known to be wrong it must fail, in test_s3_faults.py.
"""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import servers

from ci_tools.adapters.stores.local import LocalStore
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.adapters.stores.overlay import OverlayStore
from ci_tools.adapters.stores.remembering import RememberingStore
from ci_tools.core.layout import Freshness
from ci_tools.errors import ConflictError, NotFoundError, RemoteError, StoreError
from ci_tools.flows.probe import PLACE, probe
from ci_tools.ports import ABSENT, Absent, Etag, ObjectStore, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STORES: Mapping[str, Callable[[pytest.FixtureRequest], ObjectStore]] = {
    "memory": lambda _: MemoryStore(),
    "remembering": lambda _: RememberingStore(MemoryStore()),
    "overlay": lambda _: OverlayStore(MemoryStore()),
    "overlay-local": lambda request: OverlayStore(LocalStore(request.getfixturevalue("tmp_path") / "base")),
    "local": lambda request: LocalStore(request.getfixturevalue("tmp_path") / "store"),
    "s3-seaweedfs": lambda request: request.getfixturevalue("seaweedfs").store(at_once=PARTS_FROM),
    "s3-moto": lambda request: request.getfixturevalue("moto").store(at_once=PARTS_FROM),
}
PARTS_FROM = 17 << 20  # bytes: a file of 20 MB goes up in parts
ON_DISK = ("local", "s3-seaweedfs", "s3-moto")  # the others are memory
RANGES = ((0, None), (3, None), (3, 7), (0, 1), (9, 10), (5, 5), (10, None), (4, 99))
ODD = ("noarch/a+b!c-1.0-0.conda", "noarch/with space.json", "noarch/100%.json", "noarch/ü-é-漢.json", "a&b=c?d#e.json")
BAD = ("", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "a\\b", "a\nb", "a\x00b", "x" * 1025)
POINTER, IMMUTABLE = Freshness.POINTER, Freshness.IMMUTABLE


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> ObjectStore:
    return STORES[request.param](request)


def test_what_is_put_is_got_with_its_metadata(store: ObjectStore) -> None:
    etag = store.put("noarch/repodata.json", b"{}", POINTER, metadata={"generation": "7", "sha256": "ab"})
    stored, head = store.get("noarch/repodata.json"), store.head("noarch/repodata.json")
    assert (stored.body, stored.head, head.etag, head.size) == (b"{}", head, etag, 2)
    assert dict(head.metadata) == {"generation": "7", "sha256": "ab"}


def test_a_new_store_is_empty(any_store: ObjectStore) -> None:
    assert list(any_store.list("")) == []


def test_a_key_without_an_object_is_not_found(store: ObjectStore) -> None:
    store.put("a/b", b"x", POINTER)
    for read in (store.get, store.head, lambda key: list(store.stream(key))):
        for key in ("a/c", "a", "a/b/c"):
            with pytest.raises(NotFoundError):
                read(key)


def test_created_only_is_created_once(store: ObjectStore) -> None:
    store.put("p.conda", b"one", IMMUTABLE, if_match=ABSENT)
    with pytest.raises(ConflictError):
        store.put("p.conda", b"two", IMMUTABLE, if_match=ABSENT)
    assert store.get("p.conda").body == b"one"


def test_a_stale_etag_writes_nothing(store: ObjectStore) -> None:
    first = store.put("t.json", b"1", POINTER)
    second = store.put("t.json", b"2", POINTER, if_match=first)
    with pytest.raises(ConflictError):
        store.put("t.json", b"3", POINTER, if_match=first)
    assert store.get("t.json").head.etag == second
    store.put("t.json", b"4", POINTER, if_match=second)
    assert store.get("t.json").body == b"4"


def test_an_etag_of_what_is_gone_writes_nothing(store: ObjectStore) -> None:
    etag = store.put("t.json", b"1", POINTER)
    store.delete("t.json")
    with pytest.raises(ConflictError):
        store.put("t.json", b"2", POINTER, if_match=etag)
    assert list(store.list("")) == []


def test_a_refused_write_of_our_own_bytes_is_done(store: ObjectStore) -> None:
    etag = store.put("p.conda", b"one", IMMUTABLE, if_match=ABSENT, metadata={"a": "b"})
    assert store.put("p.conda", b"one", IMMUTABLE, if_match=ABSENT, metadata={"a": "b"}) == etag
    with pytest.raises(ConflictError):
        store.put("p.conda", b"one", IMMUTABLE, if_match=ABSENT, metadata={"a": "c"})


def test_twenty_that_create_at_once_have_one_winner(store: ObjectStore) -> None:
    def create(number: int) -> bool:
        with suppress(ConflictError):
            store.put("race", b"%d" % number, IMMUTABLE, if_match=ABSENT)
            return True
        return False

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(create, range(20)))
    assert won.count(True) == 1
    assert store.get("race").body == b"%d" % won.index(True)


def test_counting_by_compare_and_swap_loses_nothing(store: ObjectStore) -> None:
    store.put("count", b"0", POINTER)

    def count(_: int) -> None:
        for _ in range(5):
            while not _swapped(store):
                time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert store.get("count").body == b"40"


def _swapped(store: ObjectStore) -> bool:
    seen = store.get("count")
    # the thread's name makes equal counts different bytes: a swap is ours or it is not
    mine = {"by": f"{threading.get_ident()}-{time.monotonic_ns()}"}
    try:
        store.put("count", b"%d" % (int(seen.body) + 1), POINTER, if_match=seen.head.etag, metadata=mine)
    except ConflictError:
        return False
    return True


def test_a_key_that_is_none_comes_through_no_door(store: ObjectStore) -> None:
    doors = (
        store.get, store.head, store.delete, lambda k: list(store.stream(k)), lambda k: store.put(k, b"x", POINTER),
    )  # fmt: skip
    for use, key in product(doors, BAD):
        with pytest.raises(StoreError) as caught:
            use(key)
        assert not isinstance(caught.value, NotFoundError)


def test_odd_keys_are_kept_as_they_are(store: ObjectStore) -> None:
    for key in ODD:
        store.put(key, key.encode(), POINTER)
    assert [head.key for head in store.list("")] == sorted(ODD, key=str.encode)
    assert all(store.get(key).body == key.encode() for key in ODD)


def test_a_listing_is_in_byte_order_and_of_one_prefix(store: ObjectStore) -> None:
    keys = ["a-b", "a/b", "a/c/d", "a/c-d", "a0", "ab", "b/a", "a/B"]
    for key in keys:
        store.put(key, b"x", POINTER)
    assert [head.key for head in store.list("")] == sorted(keys)
    assert [head.key for head in store.list("a/")] == ["a/B", "a/b", "a/c-d", "a/c/d"]
    assert [head.key for head in store.list("a/c")] == ["a/c-d", "a/c/d"]
    assert list(store.list("c")) == list(store.list("a/b/c")) == []


def test_a_listing_goes_on_behind_its_first_page(store: ObjectStore) -> None:
    keys = [f"many/{number:04}" for number in range(1050)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, b"x", IMMUTABLE), keys))
    assert [head.key for head in store.list("many/")] == keys


def test_a_listing_knows_sizes_and_etags(store: ObjectStore) -> None:
    etag = store.put("a/b", b"12345", POINTER)
    (head,) = store.list("a/")
    assert (head.size, head.etag) == (5, etag)


def test_a_range_is_what_a_slice_is(store: ObjectStore) -> None:
    store.put("r", b"0123456789", POINTER)
    for start, stop in RANGES:
        assert b"".join(store.stream("r", start, stop)) == b"0123456789"[start:stop], (start, stop)


def test_an_empty_object_is_one(store: ObjectStore) -> None:
    store.put("empty", b"", POINTER, if_match=ABSENT)
    assert (store.get("empty").body, store.head("empty").size, list(store.stream("empty"))) == (b"", 0, [])


def test_no_range_of_a_missing_object_is_found(store: ObjectStore) -> None:
    for start, stop in RANGES:
        with pytest.raises(NotFoundError):
            list(store.stream("r", start, stop))


def test_a_large_file_arrives_whole_and_in_chunks(store: ObjectStore, tmp_path: Path) -> None:
    block = os.urandom(1 << 20)
    path = tmp_path / "large.conda"
    path.write_bytes(block * 20)
    path.chmod(0o600)
    etag = store.put("noarch/large.conda", path, IMMUTABLE, if_match=ABSENT, metadata={"sha256": "x"})
    assert store.head("noarch/large.conda").etag == etag
    chunks = list(store.stream("noarch/large.conda"))
    assert b"".join(chunks) == block * 20
    assert max(map(len, chunks)) <= 1 << 20
    assert store.put("noarch/large.conda", path, IMMUTABLE, if_match=ABSENT, metadata={"sha256": "x"}) == etag


@pytest.mark.parametrize("store", ON_DISK, indirect=True)
def test_a_large_file_is_heard_of_on_its_way(store: ObjectStore, tmp_path: Path) -> None:
    path, heard = tmp_path / "large.conda", []
    path.write_bytes(b"x" * (40 << 20))
    store.put("large.conda", path, IMMUTABLE, if_match=ABSENT, sent=heard.append)
    assert sum(heard) == 40 << 20
    assert max(heard) <= 16 << 20


def test_a_large_file_is_created_once_too(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "large.conda"
    path.write_bytes(b"x" * (18 << 20))
    store.put("large.conda", b"small", IMMUTABLE)
    with pytest.raises(ConflictError):
        store.put("large.conda", path, IMMUTABLE, if_match=ABSENT)
    assert store.get("large.conda").body == b"small"


def test_a_large_file_replaces_only_what_was_seen(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "large.conda"
    path.write_bytes(b"x" * (18 << 20))
    first = store.put("large.conda", b"one", POINTER)
    second = store.put("large.conda", b"two", POINTER, if_match=first)
    with pytest.raises(ConflictError):
        store.put("large.conda", path, POINTER, if_match=first)
    assert store.put("large.conda", path, POINTER, if_match=second) == store.head("large.conda").etag


@pytest.mark.parametrize("store", ON_DISK, indirect=True)
@pytest.mark.parametrize("megabytes", [16, 40], ids=["at-once", "in-parts"])
def test_a_large_file_passes_in_little_memory(store: ObjectStore, tmp_path: Path, megabytes: int) -> None:
    path = tmp_path / "large.conda"
    path.write_bytes(b"x" * (megabytes << 20))
    store.put("warm", b"up", POINTER)
    tracemalloc.start()
    try:
        store.put("large.conda", path, IMMUTABLE, if_match=ABSENT)
        assert sum(map(len, store.stream("large.conda"))) == megabytes << 20
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_what_is_deleted_is_gone_and_can_be_deleted_again(store: ObjectStore) -> None:
    store.put("a/b", b"x", POINTER)
    store.delete("a/b")
    store.delete("a/b")
    with pytest.raises(NotFoundError):
        store.get("a/b")
    store.put("a/b", b"y", POINTER, if_match=ABSENT)
    assert store.get("a/b").body == b"y"


def test_the_probe_finds_conditions_that_hold_and_leaves_nothing(store: ObjectStore) -> None:
    probe(store)
    assert list(store.list(PLACE)) == []


def test_the_probe_asks_each_place_once() -> None:
    store = Counting()
    probe(store, "here")
    asked = store.puts
    probe(store, "here")
    assert store.puts == asked
    probe(store, "a copy of it elsewhere")
    assert store.puts == 2 * asked


class Counting(MemoryStore):
    """A store that counts its writes."""

    puts = 0

    def put(self, *args: Any, **how: Any) -> Etag:
        self.puts += 1
        return super().put(*args, **how)


def test_an_overlay_says_what_would_be_and_touches_nothing() -> None:
    base = MemoryStore()
    for key in ("kept", "changed", "removed"):
        base.put(key, b"base", POINTER)
    overlay = OverlayStore(base)
    for key in ("new", "changed", "passing"):
        overlay.put(key, b"over", POINTER)
    for key in ("removed", "passing", "never"):
        overlay.delete(key)
    assert (overlay.written, overlay.deleted) == (("new", "changed"), ("removed",))
    assert [head.key for head in overlay.list("")] == ["changed", "kept", "new"]
    assert {base.get(head.key).body for head in base.list("")} == {b"base"}


class Careless(MemoryStore):
    """A store that takes conditions and ignores them, as some servers do; `only` names the kind that it ignores."""

    def __init__(self, only: type) -> None:
        super().__init__()
        self._only = only

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        ignored = isinstance(if_match, self._only)
        return super().put(key, body, freshness, if_match=None if ignored else if_match, metadata=metadata, sent=sent)


@pytest.mark.parametrize(("ignored", "named"), [(Absent, "If-None-Match"), (str, "If-Match")])
def test_a_store_whose_conditions_do_not_hold_is_refused(ignored: type, named: str) -> None:
    store = Careless(ignored)
    with pytest.raises(StoreError, match=named):
        probe(store)
    assert list(store.list("")) == []


def test_a_client_is_told_what_it_gets_and_how_long_to_keep_it(seaweedfs: servers.S3Server, tmp_path: Path) -> None:
    bucket = seaweedfs.bucket()
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    for at_once, body in ((1 << 20, b"{}"), (1 << 20, path), (10, path)):
        seaweedfs.store(bucket, at_once=at_once).put("noarch/repodata.json", body, IMMUTABLE)
        headers = _told_to_a_client(seaweedfs, bucket, "acme/noarch/repodata.json")
        assert headers["Content-Type"] == "application/json"
        assert headers["Cache-Control"] == IMMUTABLE.value
        assert headers.get("Content-Encoding") is None


def _told_to_a_client(server: servers.S3Server, bucket: str, key: str) -> Mapping[str, str]:
    address = server.client().generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
    answer = httpx.get(address, timeout=10)
    assert answer.status_code == 200
    return answer.headers


def test_a_name_that_is_no_key_comes_out_of_no_bucket(moto: servers.S3Server) -> None:
    bucket = moto.bucket()
    store = moto.store(bucket)
    moto.client().put_object(Bucket=bucket, Key="acme/a/../b", Body=b"x")
    with pytest.raises(StoreError, match="is not a key"):
        list(store.list(""))


def test_a_consoles_mark_of_an_empty_folder_is_no_object(moto: servers.S3Server) -> None:
    bucket = moto.bucket()
    for key in ("acme/", "acme/noarch/", "acme/noarch/a.json"):
        moto.client().put_object(Bucket=bucket, Key=key, Body=b"")
    assert [head.key for head in moto.store(bucket).list("")] == ["noarch/a.json"]


def test_channels_in_one_bucket_do_not_see_each_other(seaweedfs: servers.S3Server) -> None:
    bucket = seaweedfs.bucket()
    one, other = seaweedfs.store(bucket, prefix="acme"), seaweedfs.store(bucket, prefix="/acme-2/")
    one.put("a", b"1", POINTER)
    other.put("a", b"2", POINTER)
    assert [one.get("a").body, other.get("a").body] == [b"1", b"2"]
    assert [len(list(store.list(""))) for store in (one, other)] == [1, 1]


def test_wrong_credentials_are_not_a_missing_object(seaweedfs: servers.S3Server) -> None:
    bucket = seaweedfs.bucket()
    stranger = servers.S3Server(name="stranger", endpoint=seaweedfs.endpoint, secret_key="hush" * 10).store(bucket)
    for use in (stranger.get, lambda key: stranger.put(key, b"x", POINTER), lambda key: list(stranger.list(key))):
        with pytest.raises(StoreError) as caught:
            use("noarch/repodata.json")
        assert not isinstance(caught.value, NotFoundError)
        assert "hush" not in repr(caught.value.problems)


def test_a_bucket_that_is_not_there_is_said_to_be_missing(seaweedfs: servers.S3Server) -> None:
    with pytest.raises(StoreError, match="bucket is not there"):
        seaweedfs.store("no-such-bucket").get("a")


def test_a_server_that_is_gone_is_a_remote_that_is_unreachable() -> None:
    (port,) = servers.free_ports(1)
    gone = servers.S3Server(name="gone", endpoint=f"http://127.0.0.1:{port}")
    started = time.monotonic()
    with pytest.raises(RemoteError):
        gone.store("bucket").get("a")
    assert time.monotonic() - started < 10
