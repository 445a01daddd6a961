"""Many publishers at once in one subdir, half of them killed: nothing is lost, and the order leaves no trace."""

from __future__ import annotations

import random
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from looking import assert_sound, documents, listed, unpacked
from publishers import NEVER, Order, Place, Publishers, error_of
from simulator import Package, World

from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.core import layout
from ci_tools.core.layout import Freshness
from ci_tools.core.package import Subdir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ci_tools.ports import ObjectStore

AT_ONCE, KILLED = 16, 8
WRITES = 40  # a publish has about as many; one that is overtaken has more


def order(place: Place, folder: Path, number: int) -> Order:
    """One of the sixteen: a package of its own, and a build of one that all have in common (one shard)."""
    packages = (
        Package(name=f"own-{number:02}", subdir=Subdir.LINUX_64),
        Package(name="shared", version=f"1.{number}", subdir=Subdir.LINUX_64, recipe="recipes/shared"),
    )
    return Order(place=place, folder=str(folder / f"{number:02}"), packages=packages)


@pytest.mark.slow
def test_sixteen_at_once_of_which_eight_are_killed_lose_nothing(
    program: Publishers, places: Callable[[], Place], tmp_path: Path
) -> None:
    place, chance = places(), random.Random(0)  # noqa: S311 (chance that can be repeated, no secret)
    doomed = set(chance.sample(range(AT_ONCE), KILLED))
    orders = [
        replace(order(place, tmp_path, n), at=chance.randint(1, WRITES) if n in doomed else NEVER)
        for n in range(AT_ONCE)
    ]
    numbers = [program.start(each) for each in orders]
    ended = [program.wait(number) for number in numbers]
    assert {ended[n] for n in range(AT_ONCE) if n not in doomed} == {0}, [error_of(each) for each in orders]
    assert {ended[n] for n in doomed} <= {0, -signal.SIGKILL}
    assert [ended[n] for n in doomed].count(-signal.SIGKILL) >= KILLED // 2
    store = place.store()
    assert_sound(store)
    survived = [each for each, code in zip(orders, ended, strict=True) if code == 0]
    assert {key for each in survived for key in keys(each)} <= set(listed(store))
    assert_same_as_one_by_one(store, [p for each in orders for p in each.packages], tmp_path / "serial")
    # Those that were killed run again, all at once.
    again = [replace(each, at=NEVER, folder=f"{each.folder}-again") for each in orders if each not in survived]
    assert {program.wait(number) for number in [program.start(each) for each in again]} == {0}
    assert set(listed(store)) == {key for each in orders for key in keys(each)}
    assert_sound(store)
    assert_same_as_one_by_one(store, [p for each in orders for p in each.packages], tmp_path / "serial-again")


def keys(of: Order) -> set[str]:
    return {layout.package_key(p.subdir, p.filename) for p in of.packages}


def assert_same_as_one_by_one(store: ObjectStore, packages: list[Package], folder: Path) -> None:
    """Repodata, shards and run_exports byte for byte as if one publisher had brought what is listed, in any order."""
    serial = World(folder=folder, store=MemoryStore())
    present = listed(store)
    indexed = [p for p in packages if layout.package_key(p.subdir, p.filename) in present]
    for package in indexed:  # with the sidecars that the race left
        key = layout.sidecar_key(layout.package_key(package.subdir, package.filename))
        serial.store.put(key, store.get(key).body, Freshness.POINTER)
    for package in indexed:
        serial.publish(package)
    one_by_one, raced = documents(serial.store), documents(store)
    pointers = {key for key in one_by_one if "/shards/" not in key}
    assert {key: raced[key] for key in pointers} == {key: one_by_one[key] for key in pointers}
    assert last_shards(serial.store) == last_shards(store)


def last_shards(store: ObjectStore) -> dict[str, bytes]:
    """The shards that the present index names; earlier ones stay, for clients that still hold an earlier index."""
    index = store.get(f"{Subdir.LINUX_64}/{layout.SHARD_INDEX}").body
    digests = unpacked(index)["shards"]
    return {name: store.get(layout.shard_key(Subdir.LINUX_64, digest.hex())).body for name, digest in digests.items()}
