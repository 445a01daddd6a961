"""A publish is killed (SIGKILL) before and after every single write, on a folder and on S3, while a client looks."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from looking import assert_listed_is_there, assert_sound, listed
from publishers import Order, Place, Publishers, report_of
from simulator import NOW, Package, World, ring

from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.flows.present import present

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ci_tools.ports import ObjectStore

OLD = Package(name="data")
FRESH = (
    Package(name="data", version="1.1"),
    Package(name="tool", subdir=Subdir.LINUX_64, depends=("data >=1.1",)),
)


@contextmanager
def a_client_looks(store: ObjectStore) -> Iterator[list[str]]:
    """Over and over, from the first write to the last: every index it sees lists what is there. Yields its looks."""
    ended, looks, wrong = threading.Event(), [], []

    def look() -> None:
        while not ended.is_set() and not wrong:
            try:
                assert_listed_is_there(store)
                looks.append("sound")
                ended.wait(0.03)
            except Exception as exc:  # noqa: BLE001 (whatever it is, it is what the test is about)
                wrong.append(exc)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looks
    finally:
        ended.set()
        thread.join()
    if wrong:
        raise wrong[0]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_publish_that_is_killed_at_any_write_is_nothing_or_is_completed(
    program: Publishers, places: Callable[[], Place], tmp_path: Path, moment: str
) -> None:
    adopted, looks = 0, 0
    for at in count(1):
        place = places()
        store, folder = place.store(), tmp_path / f"{moment}-{at}"
        World(folder=folder / "old", store=store).publish(OLD)
        before = listed(store)
        order = Order(place=place, folder=str(folder / "killed"), packages=FRESH, at=at, moment=moment)
        with a_client_looks(place.store()) as seen:
            if program.run(order) == 0:
                break
            assert_listed_is_there(store)
            assert before.items() <= listed(store).items()
            again = replace(order, folder=str(folder / "again"), packages=_asked_again(store), at=0)
            assert program.run(again) == 0
        looks += len(seen)
        report = report_of(again)
        assert report.refused == ()
        adopted += len(report.adopted)
        assert_sound(store)
        assert set(listed(store)) == {layout.package_key(p.subdir, p.filename) for p in (OLD, *FRESH)}
    assert at > 30  # so many writes there are at least
    assert adopted > 20  # packages that were there when their rebuilt bytes came
    assert looks > at


def _asked_again(store: ObjectStore) -> tuple[Package, ...]:
    """What the next run brings: the same where it is published already, else a rebuild with other bytes."""
    is_committed = present(store, ring().root, NOW).number == 2
    return FRESH if is_committed else tuple(replace(p, salt="built again") for p in FRESH)
