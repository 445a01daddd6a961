"""Yanks and patches: what is in force is what clients get, and taking it back restores what was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from looking import SUBDIRS, assert_sound, documents, listed, sharded, unpacked
from simulator import NOW, Package, World, ring
from upkeep import DAY, applied, curation, setting_at, yank

from ci_tools.core.patches import ListChange, Patch
from ci_tools.core.receipt import Did
from ci_tools.flows.published import published
from ci_tools.flows.refresh import refresh

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from ci_tools.ports import ObjectStore

FOO = Package(name="foo", depends=("python >=3.8", "bar", "bar-data >=1"))
KEY = "noarch/foo-1.0-0.conda"
PATCH = Patch(
    match="foo <2",
    reason="breaks with newer pythons",
    depends=ListChange(replace={"python >=3.8": "python >=3.8,<3.11"}, remove=("bar",), add=("baz",)),
    constrains=ListChange(add=("rival <3",)),
    track_features=ListChange(add=("old",)),
    license="MIT",
)


@pytest.fixture
def world(tmp_path: Path, any_store: ObjectStore) -> World:
    made = World(folder=tmp_path / "jobs", store=any_store)
    made.publish(FOO, Package(name="other"))
    return made


@pytest.fixture
def memory(tmp_path: Path) -> World:
    made = World(folder=tmp_path / "jobs")
    made.publish(FOO, Package(name="other"))
    return made


def record_of(world: World) -> dict[str, Any]:
    return json.loads(world.store.get("noarch/repodata.json").body)["packages.conda"]["foo-1.0-0.conda"]


def shard_of(world: World) -> dict[str, Any]:
    digest = unpacked(world.store.get("noarch/repodata_shards.msgpack.zst").body)["shards"]["foo"]
    return unpacked(world.store.get(f"noarch/shards/{digest.hex()}.msgpack.zst").body)


def bodies(world: World) -> dict[str, bytes]:
    return {key: body for key, body in documents(world.store).items() if body}


def test_a_yanked_package_leaves_the_index_and_its_file_stays(world: World) -> None:
    report = applied(world, curation(yank("foo-1.0-0.conda")))
    assert [(c.did, c.key, c.because) for c in report.receipt.changes] == [(Did.YANKED, KEY, "loses data")]
    assert set(listed(world.store)) == set(sharded(world.store)) == {"noarch/other-1.0-0.conda"}
    assert json.loads(world.store.get("noarch/repodata.json").body)["removed"] == ["foo-1.0-0.conda"]
    assert shard_of(world) == {"packages": {}, "packages.conda": {}, "removed": ["foo-1.0-0.conda"]}
    assert world.store.head(KEY)
    assert_sound(world.store)


def test_taking_a_yank_back_restores_everything(world: World) -> None:
    before = bodies(world)
    applied(world, curation(yank("foo-1.0-0.conda")))
    report = applied(world, curation())
    assert [change.did for change in report.receipt.changes] == [Did.UNYANKED]
    assert bodies(world) == before
    assert_sound(world.store)


def test_a_yank_with_an_end_ends_by_itself(memory: World) -> None:
    wanted = curation(yank("foo-1.0-0.conda", until=NOW + DAY))
    refresh(setting_at(memory), wanted)
    assert refresh(setting_at(memory, NOW + DAY / 2), wanted).receipt is None
    commit = refresh(setting_at(memory, NOW + DAY), wanted)
    assert [change.did for change in commit.receipt.changes] == [Did.UNYANKED]


def test_a_yanked_file_name_stays_a_promise(memory: World) -> None:
    applied(memory, curation(yank("foo-1.0-0.conda")))
    outputs = published(memory.store, ring().root, SUBDIRS, NOW).outputs
    held = {str(output.filename): output for outputs in outputs.values() for output in outputs}["foo-1.0-0.conda"]
    assert (held.yanked, held.input_hash) == (True, FOO.planned.input_hash)
    other = Package(name="foo", depends=FOO.depends, salt="other bytes")
    report = memory.publish(other)
    assert [refused.because for refused in report.refused] == ["is already published with different bytes"]


def test_publishing_a_yanked_package_again_does_not_bring_it_back(memory: World) -> None:
    applied(memory, wanted := curation(yank("foo-1.0-0.conda")))
    memory.curation = wanted
    report = memory.publish(FOO)
    assert (report.receipt, report.already_there) == (None, (KEY,))
    assert set(listed(memory.store)) == {"noarch/other-1.0-0.conda"}


def test_a_publish_applies_what_the_repository_says(memory: World) -> None:
    memory.curation = curation(yank("foo-1.0-0.conda"), yank("new-1.0-0.conda"))
    report = memory.publish(Package(name="new"))
    assert {change.key for change in report.receipt.changes} == {KEY, "noarch/new-1.0-0.conda"}
    assert set(listed(memory.store)) == {"noarch/other-1.0-0.conda"}
    assert_sound(memory.store)


def test_a_patch_changes_the_record_alike_everywhere(world: World) -> None:
    digest = record_of(world)
    report = applied(world, curation(patches=(PATCH,)))
    record = record_of(world)
    assert record["depends"] == ["python >=3.8,<3.11", "bar-data >=1", "baz"]
    assert (record["constrains"], record["track_features"], record["license"]) == (["rival <3"], "old", "MIT")
    for kept in ("sha256", "md5", "size", "attestations_sha256"):
        assert record[kept] == digest[kept]
    sharded_record = shard_of(world)["packages.conda"]["foo-1.0-0.conda"]
    assert sharded_record | {k: bytes.fromhex(record[k]) for k in ("md5", "sha256")} == record | {
        k: bytes.fromhex(record[k]) for k in ("md5", "sha256")
    }
    assert [(c.did, c.because) for c in report.receipt.changes] == [(Did.PATCHED, "breaks with newer pythons")]
    assert_sound(world.store)


def test_taking_a_patch_back_restores_the_record(world: World) -> None:
    before = bodies(world)
    applied(world, curation(patches=(PATCH,)))
    report = applied(world, curation())
    assert [change.did for change in report.receipt.changes] == [Did.UNPATCHED]
    assert bodies(world) == before


def test_a_patch_goes_by_its_match_spec(memory: World) -> None:
    for match in ("foo >=2", "fo", "foo 1.0 1", "foo[build_number='>0']"):
        report = applied(memory, curation(patches=(Patch(match=match, license="MIT"),)))
        assert report.receipt.changes == ()
    only = Patch(match="foo", license="MIT", subdirs=(SUBDIRS[1],))
    assert applied(memory, curation(patches=(only,))).receipt.changes == ()


def test_the_same_again_is_nothing_to_do(memory: World) -> None:
    wanted = curation(yank("other-1.0-0.conda"), patches=(PATCH,))
    applied(memory, wanted)
    assert applied(memory, wanted).receipt is None


def test_a_yank_of_what_is_not_published_waits(memory: World) -> None:
    wanted = curation(yank("later-1.0-0.conda"))
    assert applied(memory, wanted).receipt.changes == ()
    memory.curation = wanted
    report = memory.publish(Package(name="later"))
    assert [change.did for change in report.receipt.changes] == [Did.YANKED]
    assert "noarch/later-1.0-0.conda" not in listed(memory.store)
