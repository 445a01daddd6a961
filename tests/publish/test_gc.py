"""Garbage collection: it deletes what no kept generation names, and nothing else, whatever else is at work."""

from __future__ import annotations

import pytest
from looking import Watched, assert_sound, listed
from simulator import NOW, Package, World
from upkeep import DAY, HOST, TERMS, collected, setting_at, settled

from ci_tools.adapters.stores.overlay import OverlayStore
from ci_tools.core.collection import Collection
from ci_tools.core.garbage import Kind, kind_of
from ci_tools.core.layout import COLLECTION, Freshness
from ci_tools.errors import StoreError
from ci_tools.flows.gc import gc
from ci_tools.flows.rollback import rollback

ONE, TWO, THREE = (Package(name=name) for name in ("one", "two", "three"))
ORPHAN = "noarch/two-1.0-0.conda"


def keys(world: World) -> set[str]:
    return {head.key for head in world.store.list("")}


def orphaned(world: World) -> None:
    """A channel in which `two` was published and rolled back."""
    world.publish(ONE)
    world.publish(TWO)
    settled(world, rollback(1, setting_at(world, NOW + DAY)))


def test_it_dooms_first_and_deletes_after_the_grace_period(world: World) -> None:
    orphaned(world)
    world.store.put("README.md", b"ours", Freshness.POINTER)
    assert collected(world, NOW + 20 * DAY).doomed == ()
    doomed = collected(world, NOW + 40 * DAY)
    assert ORPHAN in {each.key for each in doomed.doomed}
    assert doomed.deleted == ()
    assert collected(world, NOW + 41 * DAY).deleted == ()
    assert ORPHAN in keys(world)
    deleted = collected(world, NOW + 42 * DAY)
    assert ORPHAN in {each.key for each in deleted.deleted}
    assert deleted.freed > 0
    assert {key for key in keys(world) if key.startswith(ORPHAN)} == set()
    assert "README.md" in keys(world)
    assert set(listed(world.store)) == {"noarch/one-1.0-0.conda"}
    assert_sound(world.store)


def test_nothing_that_a_kept_generation_names_is_deleted(memory: World) -> None:
    orphaned(memory)
    for day in range(2, 29):
        collected(memory, NOW + day * DAY)
    settled(memory, rollback(2, setting_at(memory, NOW + 29 * DAY)))
    assert ORPHAN in listed(memory.store)
    for day in range(29, 80, 3):
        collected(memory, NOW + day * DAY)
    assert ORPHAN in listed(memory.store)
    assert_sound(memory.store)


def test_a_channel_without_garbage_is_left_alone(memory: World) -> None:
    memory.publish(ONE)
    before = keys(memory)
    report = collected(memory, NOW)
    assert (report.kept, report.doomed, report.deleted) == ((1,), (), ())
    assert keys(memory) == before


def test_an_empty_store_stays_empty(memory: World) -> None:
    assert collected(memory, NOW).kept == ()
    assert keys(memory) == set()


def test_what_is_doomed_and_published_again_stays(memory: World) -> None:
    orphaned(memory)
    collected(memory, NOW + 40 * DAY)
    memory.now = NOW + 41 * DAY
    assert memory.publish(TWO).receipt
    collected(memory, NOW + 43 * DAY)
    assert ORPHAN in listed(memory.store)
    assert_sound(memory.store)


class _DiedError(Exception):
    pass


def condemned(world: World) -> None:
    """The channel as a collection leaves it that dies after it condemned and before it deleted."""
    orphaned(world)
    collected(world, NOW + 40 * DAY)
    store = Watched(under=world.store)

    def die(_number: int, key: str) -> None:
        if key == "tuf/timestamp.json":
            raise _DiedError

    store.after.append(die)
    with pytest.raises(_DiedError):
        gc(setting_at(world, NOW + 43 * DAY, store), TERMS, HOST)


def test_what_is_being_deleted_cannot_come_to_be_named(memory: World) -> None:
    condemned(memory)
    memory.now = NOW + 43 * DAY
    with pytest.raises(StoreError, match=f"`{ORPHAN}` was removed by a garbage collection"):
        memory.publish(TWO)
    assert_sound(memory.store)
    report = collected(memory, NOW + 43 * DAY)  # the next run completes the dead one
    assert ORPHAN in {each.key for each in report.deleted}
    assert memory.publish(TWO, THREE).receipt
    assert_sound(memory.store)


def test_a_publish_that_lost_its_package_to_a_collection_is_told(memory: World) -> None:
    """Uploaded before, condemned and deleted while the publish was at work: it looks again before it commits."""
    orphaned(memory)
    collected(memory, NOW + 40 * DAY)
    store = Watched(under=memory.store)
    went = []

    def collect(_number: int, key: str) -> None:
        if key.startswith("noarch/three-1.0-0.conda") and not went:
            went.append(key)
            collected(memory, NOW + 43 * DAY)

    # `two` is found in the store, then `three` is uploaded, and a collection deletes `two` in between.
    store.after.append(collect)
    memory.now = NOW + 43 * DAY
    try:
        memory.publish(TWO, THREE, store=store)
    except StoreError as exc:
        assert "was removed by a garbage collection" in str(exc)  # noqa: PT017 (or it was uploaded after the deletion)
    assert went
    assert_sound(memory.store)


def test_a_dry_run_shows_what_would_go_and_deletes_nothing(memory: World) -> None:
    orphaned(memory)
    collected(memory, NOW + 40 * DAY)
    before = keys(memory)
    overlay = OverlayStore(memory.store)
    report, _ = gc(setting_at(memory, NOW + 43 * DAY, overlay), TERMS, HOST)
    assert ORPHAN in {each.key for each in report.deleted}
    assert ORPHAN in overlay.deleted
    assert keys(memory) == before


def test_a_collection_is_read_as_it_was_written() -> None:
    known = Collection().judged({"a", "b"}, NOW, 2 * DAY)
    ripe = known.judged({"a"}, NOW + 2 * DAY, 2 * DAY)
    assert (set(known.doomed), ripe.condemned, set(ripe.doomed)) == ({"a", "b"}, {"a"}, set())
    gone = ripe.carried_out(["a", "stranger"], NOW + 2 * DAY)
    assert (gone.condemned, set(gone.gone)) == (frozenset(), {"a"})
    for each in (known, ripe, gone):
        assert Collection.parse(each.document().body) == each
    assert each.document().key == COLLECTION


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("noarch/x-1-0.conda", Kind.PACKAGE), ("noarch/x-1-0.tar.bz2", Kind.PACKAGE),
        ("noarch/x-1-0.conda.sigs", Kind.SIDECAR), (f"noarch/x-1-0.conda.sigs.{'a' * 64}", Kind.SIDECAR),
        (f"linux-64/shards/{'a' * 64}.msgpack.zst", Kind.SHARD), (f"noarch/{'a' * 64}.repodata.json", Kind.DOCUMENT),
        (f"{'a' * 64}.channeldata.json", Kind.DOCUMENT), ("tuf/3.targets.json", Kind.METADATA),
        ("receipts/3.json", Kind.METADATA), (".probe/ab", Kind.PROBE),
        ("tuf/timestamp.json", None), ("tuf/1.root.json", None), ("noarch/repodata.json", None), ("README.md", None),
        ("other/x-1-0.conda", None), ("noarch/sub/x-1-0.conda", None), ("noarch/notes.conda", None),
        ("channeldata.json", None), ("index.html", None), ("collection.json", None),
    ],
)  # fmt: skip
def test_only_what_goes_with_time_is_ever_garbage(key: str, kind: Kind | None) -> None:
    assert kind_of(key) is kind
