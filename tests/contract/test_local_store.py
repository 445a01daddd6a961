"""What only a folder can get wrong: kills, other processes, links, modes, clocks. The rest is test_object_store.py."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.stores.local import ABANDONED, HIDDEN, LocalStore
from ci_tools.adapters.stores.local_notes import identity
from ci_tools.core.layout import Freshness
from ci_tools.errors import ConflictError, NotFoundError, StoreError
from ci_tools.ports import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.ports import Etag

HERE = Path(__file__).parent
POINTER, IMMUTABLE = Freshness.POINTER, Freshness.IMMUTABLE
KILLS = 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


@pytest.fixture
def private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_killed_writer_leaves_nothing_torn_and_no_lock(root: Path, store: LocalStore) -> None:
    chance = random.Random(0)  # noqa: S311 (chance that can be repeated, no secret)
    for _ in range(KILLS):
        _kill_a_writer(root, chance.uniform(0.0, 0.06))
    heads = list(store.list(""))
    for head in heads:
        stored = store.get(head.key)
        assert stored.head == head
        assert head.metadata == {"sha256": hashlib.sha256(stored.body).hexdigest()}
    assert len(heads) > KILLS  # each had written one and a pointer, and said so
    store.put("noarch/repodata.json", b"{}", POINTER)


def _kill_a_writer(root: Path, after: float) -> None:
    """Some time after it said for the first time that it had written."""
    argv = [sys.executable, HERE / "local_writer.py", root]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        time.sleep(after)
        writer.kill()


def test_processes_that_count_at_once_lose_nothing(root: Path, store: LocalStore) -> None:
    store.put("count", b"0", POINTER)
    argv = [sys.executable, HERE / "local_counter.py", root, "40"]
    counters = [subprocess.Popen(argv) for _ in range(3)]
    assert [counter.wait(60) for counter in counters] == [0, 0, 0]
    assert store.get("count").body == b"120"


def test_a_file_that_a_killed_writer_left_is_cleared_away(root: Path, store: LocalStore) -> None:
    store.put("a", b"x", POINTER)
    left, busy = root / HIDDEN / "tmp/left", root / HIDDEN / "tmp/busy"
    for path in (left, busy):
        path.write_bytes(b"half a package")
    os.utime(left, (0, time.time() - ABANDONED - 60))
    LocalStore(root).put("b", b"y", POINTER)
    assert (left.exists(), busy.exists()) == (False, True)


def test_an_etag_does_not_come_again_where_the_clock_is_coarse(root: Path, store: LocalStore) -> None:
    """Linux before 6.13 gives all files of 4 ms one time, and ext4 the inode of one to the next but one."""
    etags = [_put_in_one_tick(root, store, body) for body in (b"one", b"two", b"six", b"ten")]
    assert len(set(etags)) == 4
    with pytest.raises(ConflictError):
        store.put("t.json", b"new", POINTER, if_match=etags[1])


def _put_in_one_tick(root: Path, store: LocalStore, body: bytes) -> Etag:
    """As if the clock stood still: the file, and the name of its note, get the same time each time."""
    store.put("t.json", body, POINTER)
    path, notes = root / "t.json", root / HIDDEN / "meta/t.json"
    note = notes / identity(path.stat())
    os.utime(path, ns=(0, 10**18))
    note.rename(notes / identity(path.stat()))
    return store.head("t.json").etag


def test_an_etag_is_the_digest_of_the_bytes(store: LocalStore) -> None:
    assert store.put("a", b"x", POINTER) == hashlib.sha256(b"x").hexdigest() == store.head("a").etag


def test_a_tree_that_was_copied_keeps_what_was_noted(root: Path, store: LocalStore, tmp_path: Path) -> None:
    etag = store.put("noarch/a.json", b"{}", POINTER, metadata={"generation": "3"})
    shutil.copytree(root, tmp_path / "copy")
    head = LocalStore(tmp_path / "copy").head("noarch/a.json")
    assert (head.etag, head.metadata) == (etag, {"generation": "3"})


def test_a_file_that_was_put_there_by_hand_is_an_object_without_metadata(root: Path, store: LocalStore) -> None:
    before = store.put("a", b"ours", POINTER, metadata={"generation": "3"})
    (root / "a").write_bytes(b"by hand")
    stored = store.get("a")
    assert (stored.body, stored.head.metadata, list(store.list(""))) == (b"by hand", {}, [stored.head])
    with pytest.raises(ConflictError):
        store.put("a", b"again", POINTER, if_match=before)
    store.put("a", b"again", POINTER, if_match=stored.head.etag)


def test_a_note_that_power_loss_cut_off_is_none(root: Path, store: LocalStore) -> None:
    store.put("a", b"x", POINTER, metadata={"generation": "3"})
    (note,) = (root / HIDDEN / "meta/a").iterdir()
    note.write_bytes(b'{"etag": "')
    assert store.get("a").head.metadata == {}


@pytest.mark.usefixtures("private_umask")
def test_a_web_server_can_read_the_tree_whatever_modes_there_were(
    root: Path, store: LocalStore, tmp_path: Path
) -> None:
    private = tmp_path / "private.conda"
    private.write_bytes(b"x")
    private.chmod(0o600)  # as rattler-build leaves it
    store.put("noarch/shards/a.conda", private, IMMUTABLE)
    modes = [(root / key).stat().st_mode & 0o777 for key in ("noarch", "noarch/shards", "noarch/shards/a.conda")]
    assert modes == [0o755, 0o755, 0o644]


@pytest.mark.parametrize("target", ["../outside", "noarch"])
def test_no_link_leads_anywhere(root: Path, store: LocalStore, tmp_path: Path, target: str) -> None:
    for folder in (tmp_path / "outside", root / "noarch"):
        folder.mkdir(parents=True)
        (folder / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(target)
    (root / "file-link").symlink_to("noarch/secret")
    doors = (
        store.get, store.head, store.delete, lambda key: list(store.stream(key)), lambda key: list(store.list(key)),
        lambda key: store.put(key, b"x", POINTER),
    )  # fmt: skip
    for use in doors:
        with pytest.raises(StoreError, match=r"(by|is) a link"):
            use("link/secret")
    with pytest.raises(StoreError, match=r"(by|is) a link"):
        store.get("file-link")
    assert [head.key for head in store.list("")] == ["noarch/secret"]
    assert (tmp_path / "outside/secret").read_bytes() == b"secret"


def test_a_pipe_keeps_nobody_waiting(root: Path, store: LocalStore) -> None:
    root.mkdir()
    os.mkfifo(root / "pipe")
    with pytest.raises(StoreError, match="no plain file"):
        store.get("pipe")


def test_a_folder_is_no_object_and_costs_no_descriptor(store: LocalStore) -> None:
    store.put("noarch/a", b"x", POINTER)
    before = _lowest_free_descriptor()
    for _ in range(20):
        with pytest.raises(NotFoundError):
            store.get("noarch")
    assert _lowest_free_descriptor() == before
    store.delete("noarch")
    assert store.get("noarch/a").body == b"x"


def _lowest_free_descriptor() -> int:
    descriptor = os.open(HERE, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


@pytest.mark.parametrize(("there", "wanted"), [("a/b", "a"), ("a", "a/b")])
def test_one_name_is_a_file_or_a_folder(store: LocalStore, there: str, wanted: str) -> None:
    store.put(there, b"x", POINTER)
    with pytest.raises(StoreError, match="file and a folder") as caught:
        store.put(wanted, b"y", POINTER, if_match=ABSENT)
    assert not isinstance(caught.value, NotFoundError)
    store.delete(there)
    store.put(wanted, b"y", POINTER, if_match=ABSENT)


def test_what_the_store_keeps_for_itself_is_no_key(store: LocalStore) -> None:
    store.put("a", b"x", POINTER)
    for use in (store.get, store.delete, lambda key: list(store.list(key)), lambda key: store.put(key, b"", POINTER)):
        with pytest.raises(StoreError, match="is not a key"):
            use(f"{HIDDEN}/lock")
    store.put(f"a-{HIDDEN}/{HIDDEN}/x", b"x", POINTER)
    assert [head.key for head in store.list("")] == ["a", f"a-{HIDDEN}/{HIDDEN}/x"]


def test_a_name_that_is_no_key_comes_out_of_no_folder(root: Path, store: LocalStore) -> None:
    root.mkdir()
    (root / "a\\b").write_bytes(b"x")
    with pytest.raises(StoreError, match="is not a key"):
        list(store.list(""))


def test_what_is_deleted_leaves_no_empty_folders(root: Path, store: LocalStore) -> None:
    store.put("noarch/shards/a", b"x", POINTER)
    store.put("noarch/b", b"x", POINTER)
    store.delete("noarch/shards/a")
    assert sorted(path.name for path in root.rglob("*") if HIDDEN not in path.parts) == ["b", "noarch"]
    store.delete("noarch/b")
    assert [path.name for path in root.iterdir()] == [HIDDEN]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_store_that_refuses(root: Path, store: LocalStore) -> None:
    root.mkdir(mode=0o555)
    with pytest.raises(StoreError, match="refuses"):
        store.put("a", b"x", POINTER)


def test_a_commit_is_there_like_everything_else(store: LocalStore) -> None:
    first = store.put("tuf/timestamp.json", b"1", Freshness.COMMIT, if_match=ABSENT)
    store.put("tuf/timestamp.json", b"2", Freshness.COMMIT, if_match=first)
    assert store.get("tuf/timestamp.json").body == b"2"
