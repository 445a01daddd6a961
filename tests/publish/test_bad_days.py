"""Publishing to an S3 server of whose answers one in ten goes wrong, and to one that is killed and started again."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import servers
from faults import ALWAYS, Fault, Kind, faulty
from looking import assert_sound, listed
from publishers import FAILED, Order, Place, Publishers, error_of, report_of
from simulator import Package

from ci_tools.core import layout
from ci_tools.core.package import Subdir

if TYPE_CHECKING:
    from pathlib import Path

    from servers import S3Server

PATIENCE = 0.5  # seconds that the publishers wait for a byte
RATE = 0.1  # of all requests
KINDS = (
    Fault(kind=Kind.ANSWER, status=500, code="InternalError"),
    Fault(kind=Kind.ANSWER, status=503, code="SlowDown"),
    Fault(kind=Kind.DELAY, seconds=2 * PATIENCE),
    Fault(kind=Kind.RESET),
    Fault(kind=Kind.TRUNCATED),
    Fault(kind=Kind.DRIP, seconds=0.05),
    Fault(kind=Kind.RESET_AFTER),
    Fault(kind=Kind.ANSWER_AFTER, status=503, code="SlowDown"),
)
WAVES, AT_ONCE = 3, 4


def wave(place: Place, folder: Path, number: int) -> list[Order]:
    """Publishers that start together, each with a package of its own and one more version of a common one."""
    return [
        Order(
            place=place,
            folder=str(folder / f"{number}-{each}"),
            packages=(
                Package(name=f"own-{each}", version=f"{number}.0", subdir=Subdir.LINUX_64),
                Package(name="shared", version=f"{number}.{each}", recipe="recipes/shared"),
            ),
        )
        for each in range(AT_ONCE)
    ]


def keys(orders: list[Order]) -> set[str]:
    return {layout.package_key(p.subdir, p.filename) for order in orders for p in order.packages}


@pytest.mark.slow
def test_one_fault_in_ten_loses_nothing_and_makes_no_conflict_of_what_was_ours(
    program: Publishers, seaweedfs: S3Server, tmp_path: Path
) -> None:
    prefix = uuid.uuid4().hex
    direct = Place(prefix=prefix, endpoint=seaweedfs.endpoint).store()
    faults = [replace(kind, rate=RATE / len(KINDS), count=ALWAYS) for kind in KINDS]
    done: list[Order] = []
    with faulty(seaweedfs.endpoint, *faults, seed=4) as proxy:
        place = Place(prefix=prefix, endpoint=proxy.endpoint, patience=PATIENCE, tries=2)
        for number in range(WAVES):
            orders = wave(place, tmp_path, number)
            started = [program.start(order) for order in orders]
            for order, ended in zip(orders, [program.wait(each) for each in started], strict=True):
                published(program, order, ended)
            done += orders
            assert set(listed(direct)) == keys(done)
            assert_sound(direct)
    assert any(error_of(order) for order in done)  # some had to run again
    assert {kind for _, kind in proxy.seen} == {None, *(fault.kind for fault in KINDS)}


def published(program: Publishers, order: Order, ended: int) -> None:
    """The publisher is through at last; until then it says each time that the store was at fault, not somebody else."""
    while ended == FAILED:
        assert "RemoteError" in error_of(order), error_of(order)
        ended = program.run(order)
    assert ended == 0, error_of(order)
    assert report_of(order).refused == ()


@pytest.mark.slow
def test_a_server_that_is_killed_in_the_middle_of_publishes_loses_nothing(program: Publishers, tmp_path: Path) -> None:
    if not servers.has_seaweedfs():
        pytest.skip("SeaweedFS is not here, and moto keeps everything in memory")
    ports, folder, prefix = servers.free_ports(servers.SEAWEEDFS_PORTS), tmp_path / "server", uuid.uuid4().hex
    folder.mkdir()
    done: list[Order] = []
    for number, seconds in enumerate((0.1, 0.3, 0.5, 0.8, 1.2)):
        with servers.seaweedfs(folder, ports) as server:
            place = Place(prefix=prefix, endpoint=server.endpoint, patience=PATIENCE)
            assert set(listed(place.store())) == keys(done)
            orders = wave(place, tmp_path, number)
            started = [program.start(order) for order in orders]
            time.sleep(seconds)
        with servers.seaweedfs(folder, ports):
            for order, ended in zip(orders, [program.wait(each) for each in started], strict=True):
                published(program, order, ended)
            done += orders
            assert_sound(place.store())
            assert set(listed(place.store())) == keys(done)
