"""What a publish does with what the build jobs hand over, on every kind of store."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from looking import assert_sound, listed, sharded
from packages import make_package
from simulator import Package, World

from ci_tools.adapters.hosts.terminal import Terminal
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.core.layout import sha256
from ci_tools.core.package import Subdir
from ci_tools.core.plan import Aborted, Failed
from ci_tools.core.receipt import Fault
from ci_tools.flows.publish import What, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ci_tools.core.receipt import RunReport
    from ci_tools.ports import Etag, Sent

DATA, TOOL = Package(name="data"), Package(name="tool", depends=("data",), requires=("data-1.0-0.conda",))


def faults(report: RunReport) -> dict[str, Fault]:
    return {refused.what: refused.fault for refused in report.refused}


def test_what_was_published_is_what_clients_find(world: World) -> None:
    report = world.publish(DATA, TOOL, Package(name="native", subdir=Subdir.LINUX_64))
    assert report.receipt
    assert report.receipt.generation == 1
    assert set(listed(world.store)) == set(report.uploaded)
    assert listed(world.store) == sharded(world.store)
    assert_sound(world.store)


def test_a_second_run_changes_nothing(world: World) -> None:
    world.publish(DATA)
    before = {head.key: head.etag for head in world.store.list("")}
    report = world.publish(DATA)
    assert not report.changed
    assert report.already_there == ("noarch/data-1.0-0.conda",)
    assert {head.key: head.etag for head in world.store.list("")} == before


def test_a_file_name_is_a_promise(world: World) -> None:
    world.publish(DATA)
    before = listed(world.store)
    report = world.publish(replace(DATA, salt="other"), Package(name="more"))
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.PROMISE}
    assert "bump" in report.refused[0].hint
    assert listed(world.store) == before | {"noarch/more-1.0-0.conda": listed(world.store)["noarch/more-1.0-0.conda"]}


def test_a_new_generation_keeps_what_was_there(world: World) -> None:
    world.publish(DATA)
    first = listed(world.store)
    world.publish(TOOL)
    assert first.items() < listed(world.store).items()
    assert_sound(world.store)


def test_what_depends_on_a_refusal_waits(memory: World) -> None:
    memory.publish(DATA)
    report = memory.publish(replace(DATA, salt="other"), TOOL)
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.PROMISE, "noarch/tool-1.0-0.conda": Fault.WAITS}
    assert not report.changed


def test_all_or_nothing_where_that_is_asked_for(memory: World) -> None:
    plan, delivery = memory.deliver(DATA, Package(name="more"))
    short = replace(delivery, report=replace(delivery.report, outcomes=delivery.report.outcomes[:1]))
    report = publish(plan, (short,), memory.setting(), memory.press(What.ALL))
    assert not report.changed
    assert list(memory.store.list("")) == []


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_what_was_not_built_is_told_and_not_published(memory: World, status: str) -> None:
    plan, delivery = memory.deliver(DATA, Package(name="more"))
    built, rest = delivery.report.outcomes[0], delivery.report.outcomes[1]
    fields = {"filename": built.filename, "subdir": built.subdir, "because": "the compiler said no"}
    gone = (
        Failed(**fields, log="", tail="", seconds=1.0)
        if status == "failed"
        else Aborted(**fields, prerequisite="x-1-0.conda")
    )
    told = replace(delivery, report=replace(delivery.report, outcomes=(gone, rest)), packages=(rest.path,))
    report = publish(plan, (told,), memory.setting(), memory.press())
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.BUILD}
    assert report.uploaded == ("noarch/more-1.0-0.conda",)


def test_a_job_that_delivered_nothing_is_missed(memory: World) -> None:
    plan, _ = memory.deliver(DATA)
    report = publish(plan, (), memory.setting(), memory.press())
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.BUILD}
    assert "delivered nothing" in report.refused[0].because


def test_a_package_that_nobody_asked_for_is_not_published(memory: World) -> None:
    plan, delivery = memory.deliver(DATA)
    stray = make_package(delivery.root, "stray")
    told = replace(delivery, packages=(*delivery.packages, stray.relative_to(delivery.root).as_posix()))
    report = publish(plan, (told,), memory.setting(), memory.press())
    assert faults(report) == {"noarch/stray-1.0-0.conda": Fault.HANDOVER}
    assert set(listed(memory.store)) == {"noarch/data-1.0-0.conda"}


def test_a_job_that_the_plan_does_not_know_is_refused(memory: World) -> None:
    plan, delivery = memory.deliver(DATA)
    other = replace(delivery, report=replace(delivery.report, job="linux-64-z"))
    report = publish(plan, (delivery, other), memory.setting(), memory.press())
    assert faults(report) == {"linux-64-z": Fault.HANDOVER}
    assert set(listed(memory.store)) == {"noarch/data-1.0-0.conda"}


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def swapped(path: Path) -> None:
    other = make_package(path.parents[1] / "elsewhere", "data", files={"share/evil": b"evil"})
    path.write_bytes(other.read_bytes())


def another_name(path: Path) -> None:
    other = make_package(path.parents[1] / "elsewhere", "evil")
    path.write_bytes(other.read_bytes())


def another_subdir(path: Path) -> None:
    other = make_package(path.parents[1] / "elsewhere", "data", subdir=Subdir.LINUX_64)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("spoil", [truncated, swapped, another_name, another_subdir])
@pytest.mark.parametrize("says_so", [False, True], ids=["report-as-built", "report-lies-too"])
def test_bytes_that_are_not_what_was_built_are_not_published(memory: World, spoil, says_so: bool) -> None:  # noqa: ANN001, FBT001
    plan, delivery = memory.deliver(DATA, Package(name="more"))
    built = delivery.report.outcomes[0]
    spoil(delivery.root / built.path)
    if says_so and spoil is not swapped:  # bytes that are sound, asked for and as reported are simply the package
        body = (delivery.root / built.path).read_bytes()
        lie = replace(built, sha256=sha256(body), size=len(body))
        delivery = replace(delivery, report=replace(delivery.report, outcomes=(lie, delivery.report.outcomes[1])))
    report = publish(plan, (delivery,), memory.setting(), memory.press())
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.HANDOVER}
    assert set(listed(memory.store)) == {"noarch/more-1.0-0.conda"}


def test_a_package_from_other_inputs_than_planned_is_refused(memory: World) -> None:
    plan, _ = memory.deliver(DATA)
    _, delivery = memory.deliver(replace(DATA, inputs="other"))
    report = publish(plan, (delivery,), memory.setting(), memory.press())
    assert faults(report) == {"noarch/data-1.0-0.conda": Fault.HANDOVER}


def test_a_name_belongs_to_the_recipe_that_made_it_first(memory: World) -> None:
    memory.publish(DATA)
    report = memory.publish(replace(DATA, version="2.0", recipe="recipes/thief"))
    assert faults(report) == {"noarch/data-2.0-0.conda": Fault.PROMISE}
    assert "recipes/data" in report.refused[0].because


def test_every_byte_of_an_upload_is_counted_once(memory: World) -> None:
    plan, delivery = memory.deliver(DATA, TOOL)
    counted: list[int] = []

    class Listening(Terminal):
        @contextmanager
        def progress(self, _title: str, _total: int, unit: str) -> Iterator[Callable[[int], None]]:
            yield counted.append if unit == "B" else lambda _more: None

    class Talkative(MemoryStore):
        def put(self, *args: Any, sent: Sent | None = None, **how: Any) -> Etag:
            if sent:  # a part goes up, is lost, goes up again, and more than there is
                for count in (100, 100, 10_000_000):
                    sent(count)
            return super().put(*args, **how)

    store = Talkative()
    press = replace(memory.press(store=store), host=Listening(io.StringIO(), {}, verbosity=-1))
    publish(plan, (delivery,), memory.setting(store), press)
    assert sum(counted) == sum(built.size for built in delivery.report.outcomes)


def test_only_what_changed_is_invalidated(memory: World) -> None:
    memory.publish(DATA, Package(name="native", subdir=Subdir.LINUX_64))
    report = memory.publish(TOOL)
    assert report.invalidated == report.projected
    assert not [key for key in report.projected if key.startswith("linux-64/")]
