"""The laws of publishing, as hypothesis tries to break them: on a channel in memory, looked at by its clients."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looking import Died, Watched, assert_sound, body_of, documents, listed
from simulator import NOW, Package, World, ring

from ci_tools.adapters.stores.overlay import OverlayStore
from ci_tools.core import layout
from ci_tools.core.attestation import attest
from ci_tools.core.layout import Document, Freshness
from ci_tools.core.package import Subdir
from ci_tools.errors import ConflictError, TrustError
from ci_tools.flows.present import index_documents, present
from ci_tools.flows.project import behind, project
from ci_tools.flows.publish import publish
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = tuple(
    Package(name=name, version=version, subdir=subdir)
    for name in ("data", "tool", "library")
    for version, subdir in (("1.0", Subdir.NOARCH), ("1.1", Subdir.NOARCH), ("1.0", Subdir.LINUX_64))
)
CALM = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = count()


def a_world(folder: Path) -> World:
    return World(folder=folder / str(next(NUMBERS)))


@pytest.fixture(scope="session")
def sidecars(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One sidecar a package: signatures differ each time, and law 4 is about the same ones."""
    world = a_world(tmp_path_factory.mktemp("sidecars"))
    _, delivery = world.deliver(*PACKAGES)
    return {
        layout.package_key(built.subdir, built.filename): attest(
            ring().publisher, str(built.filename), built.sha256, NOW
        )
        for built in delivery.report.outcomes
    }


def with_sidecars(world: World, sidecars: dict[str, bytes]) -> World:
    for key, body in sidecars.items():
        world.store.put(layout.sidecar_key(key), body, Freshness.POINTER)
    return world


@given(order=st.permutations(PACKAGES), cuts=st.sets(st.integers(1, len(PACKAGES) - 1)))
@CALM
def test_order_and_batches_do_not_matter(
    tmp_path: Path, sidecars: dict[str, bytes], order: list[Package], cuts: set[int]
) -> None:
    at_once, one_by_one = (with_sidecars(a_world(tmp_path), sidecars) for _ in range(2))
    at_once.publish(*PACKAGES)
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(order)], strict=True):
        one_by_one.publish(*order[start:stop])
    left, right = documents(at_once.store), documents(one_by_one.store)
    # Shards of earlier batches stay, for clients that still hold an earlier index.
    assert left.keys() <= right.keys()
    assert {key: right[key] for key in left} == left


@given(attempts=st.lists(st.tuples(st.sampled_from(PACKAGES[:4]), st.sampled_from(["", "x", "y"])), max_size=6))
@CALM
def test_a_file_name_keeps_the_bytes_it_was_first_published_with(
    tmp_path: Path, attempts: list[tuple[Package, str]]
) -> None:
    world, first = a_world(tmp_path), {}
    for package, salt in attempts:
        report = world.publish(replace(package, salt=salt))
        key = layout.package_key(package.subdir, package.filename)
        assert [refused.what for refused in report.refused] == ([key] if first.setdefault(key, salt) != salt else [])
        assert body_of(world.store, key) == made(tmp_path, replace(package, salt=first[key]))


def made(tmp_path: Path, package: Package) -> bytes:
    _, delivery = a_world(tmp_path).deliver(package)
    return (delivery.root / delivery.packages[0]).read_bytes()


@given(batches=st.lists(st.sets(st.sampled_from(PACKAGES), min_size=1, max_size=4), min_size=1, max_size=3))
@CALM
def test_everything_listed_can_be_fetched_and_verified_at_any_instant(
    tmp_path: Path, batches: list[set[Package]]
) -> None:
    world = a_world(tmp_path)
    watched = Watched(under=world.store, after=[lambda _n, _key: assert_sound(world.store, under_way=True)])
    for batch in batches:
        world.publish(*sorted(batch, key=str), store=watched)
    asked = {layout.package_key(p.subdir, p.filename) for batch in batches for p in batch}
    assert set(listed(world.store)) == asked


def died(world: World, at: int, moment: str, packages: tuple[Package, ...]) -> bool:
    """Whether a publish that ends before or after its write number `at` came to that write; no thread outlives it."""

    def before(number: int, _key: str) -> None:
        if number > at or (number == at and moment == "before"):
            raise Died

    def after(number: int, _key: str) -> None:
        if number == at:
            raise Died

    watched = Watched(under=world.store, before=[before], after=[after])
    try:
        world.publish(*packages, store=watched)
    except Died:
        return True
    return False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("salt", ["", "built again"], ids=["same-bytes", "other-bytes"])
def test_a_publish_that_died_at_any_write_is_nothing_or_is_completed(tmp_path: Path, moment: str, salt: str) -> None:
    old, fresh = PACKAGES[0], PACKAGES[3:6]
    for at in count(1):
        world = a_world(tmp_path)
        world.publish(old)
        before = listed(world.store)
        if not died(world, at, moment, fresh):
            break
        assert_sound(world.store, under_way=True)
        assert before.items() <= listed(world.store).items()
        # The next run: what the plan still asks for, which is nothing of what was committed.
        is_committed = present(world.store, ring().root, NOW).number == 2
        report = world.publish(*(replace(p, salt="" if is_committed else salt) for p in fresh))
        assert report.refused == ()
        assert_sound(world.store)
        assert set(listed(world.store)) == {layout.package_key(p.subdir, p.filename) for p in (old, *fresh)}
    assert at > 20  # so many writes there are at least


def test_two_at_once_both_land_and_the_pointers_are_the_newest(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.publish(PACKAGES[0])

    def overtaken(_number: int, key: str) -> None:
        if key == layout.TIMESTAMP and len(watched.before) == 1:
            watched.before.clear()
            world.publish(PACKAGES[1])

    watched = Watched(under=world.store, before=[overtaken])
    report = world.publish(PACKAGES[2], store=watched)
    assert report.receipt
    assert report.receipt.parent == report.receipt.generation - 1 > 1
    assert len(listed(world.store)) == 3
    assert_sound(world.store)


def test_a_projection_never_goes_back(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.publish(PACKAGES[0])

    def overtaken(_number: int, key: str) -> None:
        if key == "noarch/repodata.json" and watched.before:
            watched.before.clear()
            world.publish(PACKAGES[1])

    watched = Watched(under=world.store, before=[overtaken])
    world.publish(PACKAGES[2], PACKAGES[3], store=watched)
    assert len(listed(world.store)) == 4
    assert_sound(world.store)


def test_a_projection_that_a_rollback_overtakes_leaves_what_is_true(tmp_path: Path) -> None:
    """Equal bytes have equal etags: to the slow publisher the pointers of the rollback look untouched."""
    world = a_world(tmp_path)
    world.publish(PACKAGES[0])
    old = present(world.store, ring().root, NOW).generation
    pointers = index_documents(world.store, old, [key for key in old.targets if not layout.receipt_number(key)])
    before = listed(world.store)

    def overtaken(_number: int, key: str) -> None:
        if key == "noarch/repodata.json" and watched.before:
            watched.before.clear()
            documents = tuple(Document(key=k, body=b, freshness=Freshness.POINTER) for k, b in pointers.items())
            commit = transaction(world.setting(), lambda _before, _number: Proposal(documents=documents))
            project(world.setting(), commit.present.generation)

    watched = Watched(under=world.store, before=[overtaken])
    world.publish(PACKAGES[1], store=watched)
    assert not watched.before
    assert behind(world.store, present(world.store, ring().root, NOW).generation) == ()
    assert listed(world.store) == before


def test_a_commit_whose_answer_was_lost_is_not_made_twice(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.publish(PACKAGES[0])

    def lost(_number: int, key: str) -> None:
        if key == layout.TIMESTAMP and watched.after:
            watched.after.clear()
            world.publish(PACKAGES[1])  # somebody even builds on it
            raise ConflictError("the answer was lost")

    watched = Watched(under=world.store, after=[lost])
    report = world.publish(PACKAGES[2], store=watched)
    assert report.receipt
    assert report.receipt.generation == 2
    assert present(world.store, ring().root, NOW).number == 3
    assert len(listed(world.store)) == 3


@given(old=st.sets(st.sampled_from(PACKAGES), max_size=3), new=st.sets(st.sampled_from(PACKAGES), max_size=3))
@CALM
def test_a_dry_run_writes_nothing_and_says_what_would_be_written(
    tmp_path: Path, old: set[Package], new: set[Package]
) -> None:
    world = a_world(tmp_path)
    world.publish(*sorted(old, key=str))
    before = {head.key: head.etag for head in world.store.list("")}
    plan, delivery = world.deliver(*sorted(new, key=str))
    rehearsal = OverlayStore(world.store)
    said = publish(plan, (delivery,), world.setting(rehearsal), world.press(store=rehearsal))
    assert {head.key: head.etag for head in world.store.list("")} == before
    done = publish(plan, (delivery,), world.setting(), world.press())
    after = {head.key for head in world.store.list("") if before.get(head.key) != head.etag}
    assert shape(rehearsal.written) == shape(after)
    assert (said.uploaded, said.already_there, said.projected) == (done.uploaded, done.already_there, done.projected)


def shape(keys: object) -> set[str]:
    """Keys with the digests taken out: signatures, and so the digests of what names them, differ each time."""
    return {re.sub(r"[0-9a-f]{64}", "<sha256>", key) for key in keys}


def test_a_store_that_holds_another_channels_root_is_left_alone(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.store.put(layout.FIRST_ROOT, b"{}", Freshness.IMMUTABLE)
    with pytest.raises(TrustError):
        world.publish(PACKAGES[0])
    assert body_of(world.store, layout.TIMESTAMP) is None
