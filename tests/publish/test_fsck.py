"""The check of a store: each kind of damage is found, told with what mends it, and mended unless that is a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from looking import assert_sound, listed
from simulator import NOW, Package, World
from upkeep import DAY, applied, checked, collected, curation, inspection, setting_at, settled, yank

from ci_tools.core.fsck import CheckReport, Fault
from ci_tools.core.layout import Freshness, sha256
from ci_tools.flows.repair import repair
from ci_tools.flows.rollback import rollback

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from ci_tools.ports import ObjectStore

ONE = Package(name="one")
KEY = "noarch/one-1.0-0.conda"


@pytest.fixture
def world(tmp_path: Path, any_store: ObjectStore) -> World:
    made = World(folder=tmp_path / "jobs", store=any_store)
    made.publish(ONE)
    return made


@pytest.fixture
def memory(tmp_path: Path) -> World:
    made = World(folder=tmp_path / "jobs")
    made.publish(ONE)
    return made


def faults(report: CheckReport) -> set[tuple[Fault, str]]:
    return {(difference.fault, difference.where) for difference in report.differences}


def repaired(world: World, now: datetime = NOW) -> CheckReport:
    return repair(checked(world, now), inspection(world, now), setting_at(world, now, what="repair"), curation())


def hashed(world: World, key: str) -> str:
    folder, _, name = key.rpartition("/")
    return f"{folder}/{sha256(world.store.get(key).body)}.{name}"


def overwrite(world: World, key: str, body: bytes) -> str:
    world.store.put(key, body, Freshness.POINTER)
    return key


def lose(world: World, key: str) -> str:
    world.store.delete(key)
    return key


def shard_of(world: World) -> str:
    return next(head.key for head in world.store.list("noarch/shards/"))


def sidecar_of(world: World) -> str:
    return next(head.key for head in world.store.list(f"{KEY}.sigs."))


def test_a_channel_that_was_just_published_is_whole(world: World) -> None:
    applied(world, curation(yank("one-1.0-0.conda")))
    report = checked(world)
    assert (report.differences, report.ok) == ((), True)
    assert (report.generation, report.documents > 10, report.objects > 20) == (2, True, True)


DAMAGE: dict[str, tuple[Callable[[World], str], Fault, bool]] = {
    "package lost": (lambda w: lose(w, KEY), Fault.MISSING, False),
    "package cut": (lambda w: overwrite(w, KEY, b"x"), Fault.DIFFERENT, False),
    "sidecar lost": (lambda w: lose(w, sidecar_of(w)), Fault.MISSING, False),
    "shard lost": (lambda w: lose(w, shard_of(w)), Fault.DAMAGED, True),
    "pointer lost": (lambda w: lose(w, "noarch/repodata.json"), Fault.BEHIND, True),
    "pointer forged": (lambda w: overwrite(w, "noarch/repodata.json", b"{}"), Fault.FOREIGN, True),
    "copy lost": (lambda w: lose(w, hashed(w, "noarch/run_exports.json")), Fault.DAMAGED, True),
    "copy altered": (lambda w: overwrite(w, hashed(w, "noarch/run_exports.json"), b"{}"), Fault.DAMAGED, True),
    "stranger's package": (lambda w: overwrite(w, "noarch/odd-1-0.conda", b"x"), Fault.UNINDEXED, True),
    "stranger's sidecar": (lambda w: overwrite(w, "noarch/odd-1-0.conda.sigs", b"[]"), Fault.ORPHANED, True),
    "stranger's shard": (
        lambda w: overwrite(w, f"noarch/shards/{'a' * 64}.msgpack.zst", b"x"), Fault.UNREFERENCED, False,
    ),
    "stray index": (lambda w: overwrite(w, "osx-64/repodata.json", b"{}"), Fault.FOREIGN, False),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_found_and_told_with_what_mends_it(memory: World, damage: str) -> None:
    do, fault, mended = DAMAGE[damage]
    where = do(memory)
    found = checked(memory)
    assert faults(found) == {(fault, where)}
    assert all(difference.mend for difference in found.differences)
    after = repaired(memory)
    assert after.ok is mended
    assert [difference.where for difference in after.mended] == [where] * mended
    if mended:
        assert_sound(memory.store)


def test_a_store_of_any_kind_is_mended(world: World) -> None:
    for damage in ("shard lost", "pointer forged", "copy lost", "stranger's package", "stranger's sidecar"):
        DAMAGE[damage][0](world)
    assert len(checked(world).differences) == 5
    after = repaired(world)
    assert (after.differences, len(after.mended)) == ((), 5)
    assert_sound(world.store)


def test_a_pointer_of_an_older_generation_is_behind(memory: World) -> None:
    stored = memory.store.get("noarch/repodata.json")
    memory.publish(Package(name="two"))
    memory.store.put("noarch/repodata.json", stored.body, Freshness.POINTER, metadata=stored.head.metadata)
    (found,) = checked(memory).differences
    assert (found.fault, found.what) == (Fault.BEHIND, "is of generation 1; the present one is 2")
    assert repaired(memory).ok


def test_signatures_are_told_before_they_lapse_and_after(memory: World) -> None:
    assert faults(checked(memory, NOW + 3 * DAY)) == set()
    assert faults(checked(memory, NOW + 5 * DAY)) == {(Fault.RUNS_OUT, "tuf/timestamp.json")}
    assert faults(checked(memory, NOW + 8 * DAY)) == {(Fault.EXPIRED, "tuf/timestamp.json")}
    assert repaired(memory, NOW + 8 * DAY).ok


def test_a_forged_chain_is_told_and_nothing_else_is_believed(memory: World) -> None:
    overwrite(memory, "tuf/1.snapshot.json", b"{}")
    (found,) = checked(memory).differences
    assert (found.fault, found.where) == (Fault.UNSIGNED, "tuf")
    assert not repaired(memory).ok


def test_what_a_kept_generation_names_is_no_difference(memory: World) -> None:
    memory.publish(Package(name="two"))
    settled(memory, rollback(1, setting_at(memory)))
    assert checked(memory).ok
    later = NOW + 40 * DAY
    assert Fault.UNINDEXED in {fault for fault, _ in faults(checked(memory, later))}
    collected(memory, later)
    assert Fault.UNINDEXED not in {fault for fault, _ in faults(checked(memory, later))}  # it is in hand


def test_a_package_nobody_lists_blocks_its_name_until_it_is_removed(memory: World) -> None:
    overwrite(memory, "noarch/two-1.0-0.conda", b"of a publish that died")
    assert memory.publish(Package(name="two")).refused
    assert repaired(memory).ok
    assert memory.publish(Package(name="two")).receipt
    assert set(listed(memory.store)) == {KEY, "noarch/two-1.0-0.conda"}
    assert_sound(memory.store)


def test_an_empty_store_is_whole(tmp_path: Path) -> None:
    assert checked(World(folder=tmp_path)).ok
