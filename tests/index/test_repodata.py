from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from entries import entry, many
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core import layout
from ci_tools.core.package import ArchiveFormat, Filename, RunExports, Subdir
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.shards import read_shard, read_shard_index
from ci_tools.core.zst import packed, unpacked
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

L64 = Subdir.LINUX_64
EMPTY = IndexState.empty(L64)

names = st.sampled_from(["a", "a-b", "a-b-c", "a.b", "a_b", "b", "ab", "a-1", "zz-top"])
versions = st.sampled_from(["1.0", "1!2.0", "2.0_", "1.0+x.1", "10"])
entries = st.builds(
    lambda name, version, build, kind, exports: entry(
        f"{name}-{version}-{build}", archive_format=kind, run_exports=RunExports(weak=(name,)) if exports else None
    ),
    names, versions, st.sampled_from(["0", "h1_0", "py312_1"]), st.sampled_from(ArchiveFormat), st.booleans(),
)  # fmt: skip
batches = st.lists(entries, max_size=12, unique_by=lambda e: str(e.filename))


def published(state: IndexState) -> Mapping[str, bytes]:
    return {d.key.removeprefix(f"{state.subdir}/"): d.body for d in state.documents()}


def reread(state: IndexState) -> IndexState:
    return IndexState.parse(state.subdir, published(state))


@given(batches, st.randoms(use_true_random=False), st.lists(st.integers(1, 5), max_size=8))
def test_order_and_batches_do_not_matter(made: list[IndexEntry], random: object, sizes: list[int]) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    state = EMPTY
    for size in sizes:
        state, shuffled = reread(state.including(shuffled[:size])), shuffled[size:]
    state = state.including(shuffled)
    at_once = EMPTY.including(made)
    assert state == at_once
    whole = published(at_once)
    assert published(state).items() <= whole.items()
    assert set(map(bytes.hex, read_shard_index(whole[layout.SHARD_INDEX], "").values())) == shards_in(whole)


def shards_in(documents: Mapping[str, bytes]) -> set[str]:
    return {name.split("/")[1].split(".")[0] for name in documents if name.startswith("shards/")}


@given(batches)
def test_what_is_written_reads_back_as_it_was(made: list[IndexEntry]) -> None:
    state = EMPTY.including(made)
    again = reread(state)
    assert again == state
    assert again.touched == frozenset()
    assert {name: body for name, body in published(state).items() if "/" not in name} == published(again)
    assert set(again.filenames) == {e.filename for e in made}
    for one in made:
        assert (again.record(one.filename), again.build(one.filename)) == (one.record, one.build)


@given(batches, st.data())
def test_including_what_is_there_changes_nothing(made: list[IndexEntry], data: st.DataObject) -> None:
    state = reread(EMPTY.including(made))
    known = data.draw(st.lists(st.sampled_from(made), max_size=5)) if made else []
    assert state.including(known) is state


@given(batches.filter(bool), st.data())
def test_a_file_name_is_a_promise(made: list[IndexEntry], data: st.DataObject) -> None:
    state = EMPTY.including(made)
    name = data.draw(st.sampled_from(made)).filename
    other = entry(str(name.dist), archive_format=name.format, seed="other")
    with pytest.raises(StoreError, match="already published with different bytes") as refusal:
        state.including([other])
    assert refusal.value.problems[0].hint == "bump the build number"


def test_one_batch_may_not_promise_twice() -> None:
    with pytest.raises(StoreError, match="different bytes"):
        EMPTY.including([entry("a-1-0"), entry("a-1-0", seed="other")])


def test_every_broken_promise_is_named() -> None:
    state = EMPTY.including([entry("a-1-0"), entry("b-1-0")])
    with pytest.raises(StoreError) as refusal:
        state.including([entry("a-1-0", seed="x"), entry("b-1-0", seed="x"), entry("c-1-0")])
    assert [p.message.split("`")[1] for p in refusal.value.problems] == ["linux-64/a-1-0.conda", "linux-64/b-1-0.conda"]


def test_a_package_of_another_subdir_is_refused() -> None:
    with pytest.raises(StoreError, match="does not belong in the index of linux-64"):
        EMPTY.including([entry("a-1-0", Subdir.NOARCH)])


@given(batches, st.data())
def test_taking_out_is_the_inverse_of_putting_in(made: list[IndexEntry], data: st.DataObject) -> None:
    out = data.draw(st.lists(st.sampled_from(made), unique_by=id)) if made else []
    left = reread(EMPTY.including(made)).without(e.filename for e in out)
    fresh = EMPTY.including(e for e in made if e not in out)
    assert left == fresh
    assert published(left)[layout.SHARD_INDEX] == published(fresh)[layout.SHARD_INDEX]


def test_what_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(StoreError, match=r"`linux-64/a-1-0\.conda` is not published"):
        EMPTY.without([Filename.parse("a-1-0.conda")])


def test_only_touched_shards_are_written() -> None:
    state = reread(EMPTY.including(many(200, 20)))
    assert not shards_in(published(state))
    one_more = state.including([entry("pkg7-99-0"), entry("new-1-0")])
    digests = read_shard_index(published(one_more)[layout.SHARD_INDEX], "")
    assert shards_in(published(one_more)) == {digests["pkg7"].hex(), digests["new"].hex()}


@given(batches)
def test_shards_say_what_repodata_says(made: list[IndexEntry]) -> None:
    documents = published(EMPTY.including(made))
    whole = json.loads(documents[layout.REPODATA])
    shards = [read_shard(body, name) for name, body in documents.items() if name.startswith("shards/")]
    for section in ("packages", "packages.conda"):
        assert {k: v for shard in shards for k, v in shard[section].items()} == whole[section]
    assert whole["info"] == {"subdir": "linux-64"}


def test_attestation_digests_stay_hex_in_shards() -> None:
    one = entry("a-1-0")
    documents = published(EMPTY.including([one]))
    (shard,) = (body for name, body in documents.items() if name.startswith("shards/"))
    raw = unpacked(shard, "")
    assert one.record.attestations_sha256 is not None
    assert one.record.attestations_sha256.encode() in raw
    assert raw.count(bytes.fromhex(one.record.sha256)) == 1


def test_every_package_has_an_entry_in_run_exports() -> None:
    state = EMPTY.including([entry("a-1-0", run_exports=RunExports(strong=("a >=1",))), entry("b-1-0")])
    said = json.loads(published(state)[layout.RUN_EXPORTS])["packages.conda"]
    assert said == {"a-1-0.conda": {"run_exports": {"strong": ["a >=1"]}}, "b-1-0.conda": {"run_exports": {}}}


def test_both_forms_hold_the_same() -> None:
    documents = published(EMPTY.including(many(30, 3)))
    assert unpacked(documents[layout.REPODATA_ZST], "") == documents[layout.REPODATA]
    assert unpacked(documents[layout.RUN_EXPORTS_ZST], "") == documents[layout.RUN_EXPORTS]
    small = {layout.REPODATA_ZST: documents[layout.REPODATA_ZST], layout.SHARD_INDEX: documents[layout.SHARD_INDEX]}
    assert IndexState.parse(L64, small).records == IndexState.parse(L64, documents).records


def test_an_empty_file_is_an_empty_channel() -> None:
    assert IndexState.parse(L64, {layout.REPODATA: b""}) == EMPTY  # CEP 36
    assert IndexState.parse(L64, {}) == EMPTY


@pytest.mark.parametrize("layout_of", [{"indent": 0}, {"indent": 2}, {"separators": (",", ":")}, {}])
def test_foreign_layouts_are_read_and_nothing_is_lost(layout_of: dict[str, object]) -> None:
    foreign = {
        "info": {"subdir": "linux-64"},
        "packages": {"b-1-0.tar.bz2": {"name": "b", "version": "1", "build": "0", "odd": {"n": [1.5]}}},
        "packages.conda": {"a-1-0.conda": {"name": "a", "unknown": "\n}\u00e9", "sha256": "00" * 32, "depends": []}},
        "removed": ["c-1-0.conda"],
    }  # fmt: skip
    state = IndexState.parse(L64, {layout.REPODATA: json.dumps(foreign, **layout_of).encode()})
    documents = published(state)
    again = json.loads(documents[layout.REPODATA])
    assert {key: again[key] for key in foreign} == foreign
    assert len(shards_in(documents)) == 3
    assert reread(state) == state


def test_shards_of_foreign_records_are_written_anew() -> None:
    documents = dict(published(EMPTY.including(many(10, 2))))
    documents[layout.REPODATA] = json.dumps(json.loads(documents[layout.REPODATA])).encode()
    assert IndexState.parse(L64, documents).touched == {"pkg0", "pkg1"}


def test_a_shard_index_that_forgot_a_package_is_mended() -> None:
    documents = dict(published(EMPTY.including([entry("a-1-0"), entry("b-1-0")])))
    forgetful = published(EMPTY.including([entry("a-1-0"), entry("c-1-0")]))
    documents[layout.SHARD_INDEX] = forgetful[layout.SHARD_INDEX]
    state = IndexState.parse(L64, documents)
    assert state.touched == {"b", "c"}
    assert set(read_shard_index(published(state)[layout.SHARD_INDEX], "")) == {"a", "b"}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"packages":[]}', b'{"packages":{"a-1-0.tar.bz2":1}}', b'{"packages":{"\\n":{}}}', b"\xff"],
)
def test_broken_repodata_is_a_clear_error(body: bytes) -> None:
    with pytest.raises(StoreError, match=r"`linux-64/repodata\.json` is not an index document"):
        IndexState.parse(L64, {layout.REPODATA: body})


@pytest.mark.parametrize("name", [layout.REPODATA_ZST, layout.BUILDS, layout.SHARD_INDEX])
@pytest.mark.parametrize("body", [b"nonsense", packed(b"\xc1"), packed(b"[1]")])
def test_broken_compressed_documents_are_a_clear_error(name: str, body: bytes) -> None:
    with pytest.raises(StoreError, match=f"linux-64/{name.removesuffix('.zst')}"):
        IndexState.parse(L64, {layout.REPODATA: EMPTY._repodata()} | {name: body} if "shard" in name else {name: body})


def test_withdrawn_files_are_kept_in_both_forms() -> None:
    documents = published(IndexState.parse(L64, {layout.REPODATA: b'{"removed":["a-1-0.conda"]}'}))
    assert json.loads(documents[layout.REPODATA])["removed"] == ["a-1-0.conda"]
    (shard,) = (body for name, body in documents.items() if name.startswith("shards/"))
    assert read_shard(shard, "")["removed"] == ["a-1-0.conda"]


def test_the_newest_build_says_who_owns_a_name() -> None:
    state = EMPTY.including([entry("a-1-0", recipe="recipes/a"), entry("a-b-1-0", recipe="recipes/b")])
    assert reread(state).owners(["a", "a-b", "c"]) == {"a": "recipes/a", "a-b": "recipes/b"}
    assert [str(f) for f in state.files_of("a")] == ["a-1-0.conda"]
