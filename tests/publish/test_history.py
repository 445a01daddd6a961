"""What a channel was, and going back to it, on every kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from looking import assert_sound, documents, listed
from simulator import NOW, URL, Package, World, ring
from upkeep import DAY, applied, curation, setting_at, settled, yank

from ci_tools.core.receipt import Did
from ci_tools.errors import StoreError, UsageError
from ci_tools.flows.compact import compact
from ci_tools.flows.history import history
from ci_tools.flows.refresh import refresh
from ci_tools.flows.rollback import rollback

if TYPE_CHECKING:
    from ci_tools.core.history import History

ONE, TWO = Package(name="one"), Package(name="two")


def history_of(world: World, most: int = 20) -> History:
    return history(world.store, ring().root, URL, NOW, most)


def test_history_tells_every_generation_and_its_cause(memory: World) -> None:
    memory.publish(ONE)
    applied(memory, curation(yank("one-1.0-0.conda")))
    steps = history_of(memory).steps
    assert [(s.generation, s.cause.what, s.published, s.changes) for s in steps] == [
        (2, "refresh", 0, ((Did.YANKED, 1),)),
        (1, "publish", 1, ()),
    ]
    assert steps[0].at == NOW
    assert history_of(memory, 1).older


def test_an_empty_channel_has_no_history(memory: World) -> None:
    assert history_of(memory).steps == ()


def test_going_back_is_a_new_generation_with_the_old_content(world: World) -> None:
    world.publish(ONE)
    before = documents(world.store)
    world.publish(TWO)
    report = settled(world, rollback(1, setting_at(world)))
    assert report.receipt
    assert [(change.did, change.key) for change in report.receipt.changes] == [
        (Did.WITHDRAWN, "noarch/two-1.0-0.conda")
    ]
    assert (report.receipt.generation, report.receipt.parent) == (3, 2)
    assert {key: body for key, body in documents(world.store).items() if body} == {k: b for k, b in before.items() if b}
    assert_sound(world.store)
    again = settled(world, rollback(2, setting_at(world)))
    assert set(listed(world.store)) == {"noarch/one-1.0-0.conda", "noarch/two-1.0-0.conda"}
    assert [change.did for change in again.receipt.changes] == [Did.RESTORED]
    assert_sound(world.store)


def test_what_was_rolled_back_can_be_published_again(memory: World) -> None:
    memory.publish(ONE)
    memory.publish(TWO)
    settled(memory, rollback(1, setting_at(memory)))
    assert memory.publish(TWO).receipt
    assert_sound(memory.store)


def test_going_back_to_the_present_is_nothing_to_do(memory: World) -> None:
    memory.publish(ONE)
    assert rollback(1, setting_at(memory)).receipt is None


def test_there_is_no_going_back_to_what_never_was(memory: World) -> None:
    memory.publish(ONE)
    with pytest.raises(UsageError, match="never was at a generation 7"):
        rollback(7, setting_at(memory))


def test_a_package_that_is_gone_is_not_listed_again(world: World) -> None:
    world.publish(ONE)
    world.publish(TWO)
    settled(world, rollback(1, setting_at(world)))
    world.store.delete("noarch/two-1.0-0.conda")
    with pytest.raises(StoreError, match=r"`noarch/two-1.0-0\.conda`, which generation 2 lists, is gone"):
        rollback(2, setting_at(world))
    assert_sound(world.store)


def test_compacting_changes_bytes_and_no_record(world: World) -> None:
    world.publish(*(Package(name=f"p{n}", depends=("a >=1,<2", "b >=3")) for n in range(30)))
    before = listed(world.store)
    report = settled(world, compact(setting_at(world)))
    assert report.receipt
    assert listed(world.store) == before
    assert_sound(world.store)
    assert settled(world, compact(setting_at(world))).receipt is None
    assert world.publish(Package(name="p1", depends=("a >=1,<2", "b >=3"))).receipt is None


def test_a_refresh_renews_what_runs_out_and_nothing_else(world: World) -> None:
    world.publish(ONE)
    first = world.store.get("tuf/timestamp.json").body
    refresh(setting_at(world, NOW + DAY), curation())
    assert world.store.get("tuf/timestamp.json").body == first
    commit = refresh(setting_at(world, NOW + 3 * DAY), curation())
    assert (commit.receipt, commit.present.number) == (None, 1)
    assert commit.present.generation.expires.timestamp == NOW + 10 * DAY
    later = refresh(setting_at(world, NOW + 40 * DAY, what="refresh"), curation())
    assert later.receipt.generation == 2
    assert later.present.generation.expires.targets == NOW + 130 * DAY


def test_a_refresh_of_nothing_is_nothing(memory: World) -> None:
    assert refresh(setting_at(memory), curation()).receipt is None
    assert list(memory.store.list("")) == []
