"""The index made again from the packages: it is what it was, or says what the packages say, on every kind of store."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from looking import assert_sound, documents, listed
from packages import make_package
from simulator import URL, Package, World, ring
from upkeep import HOST, applied, checked, curation, setting_at, settled, state_of, yank

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.notebook import FileNotebook
from ci_tools.adapters.ranged import TAIL, RangedFile
from ci_tools.core.layout import Freshness
from ci_tools.core.package import ArchiveFormat, Imprint, Subdir
from ci_tools.core.patches import ListChange, Patch
from ci_tools.core.receipt import Did, RunReport
from ci_tools.core.repodata import IndexEntry
from ci_tools.core.rerecord import rerecorded
from ci_tools.core.sidecar import Attestations
from ci_tools.errors import PackageError
from ci_tools.flows.index import proposed, read_states
from ci_tools.flows.inventory import Stock
from ci_tools.flows.rebuild import rebuild
from ci_tools.flows.rollback import rollback
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.core.curation import Curation
    from ci_tools.ports import ObjectStore

ONE, TWO = Package(name="one", depends=("a",)), Package(name="two")
NATIVE = Package(name="native", subdir=Subdir.LINUX_64)
KEY = "noarch/one-1.0-0.conda"
SUBDIRS = (Subdir.NOARCH, Subdir.LINUX_64)


def stock_of(world: World, notebook: str = "notes") -> Stock:
    return Stock(
        store=world.store, reader=ArchiveReader(), notebook=FileNotebook(world.folder / notebook),
        attestations=Attestations(ring().trusted_root, URL), host=HOST,
    )  # fmt: skip


def rebuilt(world: World, wanted: Curation | None = None, *, adopt: bool = False) -> RunReport:
    stock = stock_of(world)
    built = rebuild(setting_at(world, what="rebuild"), SUBDIRS, stock, wanted or curation(), adopt=adopt)
    stock.notebook.close()
    return replace(settled(world, built.commit), refused=built.refused, adopted=built.adopted)


def test_a_whole_channel_is_left_as_it_is(world: World) -> None:
    world.publish(ONE, NATIVE)
    world.publish(TWO)
    report = rebuilt(world)
    assert (report.receipt, report.refused) == (None, ())


def test_yanks_patches_and_builds_are_kept(world: World) -> None:
    world.publish(ONE, TWO)
    patch = Patch(match="one", depends=ListChange(add=("b",)))
    wanted = curation(yank("two-1.0-0.conda"), patches=(patch,))
    applied(world, wanted)
    before, state = documents(world.store), state_of(world)
    assert rebuilt(world, wanted).receipt is None
    assert documents(world.store) == before
    assert state_of(world) == state
    assert state.build(ONE.filename).recipe == "recipes/one"


def spoiled(world: World) -> None:
    """An index that says something else than the packages: a record made up, with all digests as they are."""

    def decide(before: object, _: int) -> Proposal:
        state = read_states(world.store, before, SUBDIRS)[Subdir.NOARCH]
        record = replace(state.record(ONE.filename), depends=("made-up",))
        after, _changes = rerecorded(state, [IndexEntry(filename=ONE.filename, record=record)])
        return proposed(before, (after,), Proposal())

    settled(world, transaction(setting_at(world), decide))
    assert state_of(world).record(ONE.filename).depends == ("made-up",)


def test_records_are_again_what_the_packages_say(world: World) -> None:
    world.publish(ONE, TWO)
    before = documents(world.store)
    spoiled(world)
    report = rebuilt(world)
    assert [(c.did, c.key, c.because) for c in report.receipt.changes] == [(Did.RECORDED, KEY, "depends")]
    assert {k: b for k, b in documents(world.store).items() if b} == {k: b for k, b in before.items() if b}
    assert_sound(world.store)


def test_what_is_gone_is_taken_out(memory: World) -> None:
    memory.publish(ONE, TWO)
    memory.store.delete(KEY)
    report = rebuilt(memory)
    assert [(c.did, c.key) for c in report.receipt.changes] == [(Did.WITHDRAWN, KEY)]
    assert set(listed(memory.store)) == {"noarch/two-1.0-0.conda"}
    assert_sound(memory.store)


def test_a_package_that_was_altered_keeps_its_record_and_is_told(memory: World) -> None:
    memory.publish(ONE, TWO)
    memory.store.put(KEY, b"x" * 10, Freshness.IMMUTABLE)
    report = rebuilt(memory)
    assert report.receipt is None
    assert [(r.what, "it has 10 bytes" in r.because) for r in report.refused] == [(KEY, True)]


def test_an_index_that_is_lost_comes_back_with_all_that_is_attested(memory: World) -> None:
    memory.publish(ONE, TWO)
    before, state = documents(memory.store), state_of(memory)
    for head in list(memory.store.list("noarch/")):
        if ".repodata.json" in head.key or "repodata" in head.key:
            memory.store.delete(head.key)
    memory.store.put("noarch/stranger-1-0.conda", b"x", Freshness.IMMUTABLE)
    report = rebuilt(memory)
    assert set(report.adopted) == {KEY, "noarch/two-1.0-0.conda"}
    assert [r.what for r in report.refused] == ["noarch/stranger-1-0.conda"]
    assert state_of(memory).builds == state.builds
    memory.store.delete("noarch/stranger-1-0.conda")
    assert {k: b for k, b in documents(memory.store).items() if b} == {k: b for k, b in before.items() if b}
    assert_sound(memory.store)
    assert checked(memory).ok


def test_only_who_asks_for_it_gets_what_is_not_indexed(memory: World) -> None:
    memory.publish(ONE)
    memory.publish(TWO)
    settled(memory, rollback(1, setting_at(memory)))
    assert rebuilt(memory).receipt is None
    assert rebuilt(memory, adopt=True).adopted == ("noarch/two-1.0-0.conda",)
    assert_sound(memory.store)


class Counting:
    """A store that counts what is streamed."""

    def __init__(self, under: ObjectStore) -> None:
        self.under, self.bytes, self.requests = under, 0, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.under, name)

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> object:
        self.requests += 1
        for chunk in self.under.stream(key, start, stop):
            self.bytes += len(chunk)
            yield chunk


def noise(size: int) -> bytes:
    return b"".join(hashlib.sha256(bytes([n % 251, n // 251 % 251, n // 63001])).digest() for n in range(size // 32))


@pytest.mark.parametrize("archive_format", ArchiveFormat)
def test_only_the_info_part_of_a_large_package_is_fetched(tmp_path: Path, archive_format: ArchiveFormat) -> None:
    files = {"lib/large": noise(4 << 20), "etc/conda/activate.d/x.sh": b"x"}
    path = make_package(tmp_path, "large", files=files, run_exports={"weak": ["large"]}, format=archive_format)
    body, fetched = path.read_bytes(), []

    def fetch(start: int, stop: int) -> bytes:
        fetched.append(stop - start)
        return body[start:stop]

    whole = ArchiveReader().read(path, Subdir.NOARCH)
    record = whole.record
    imprint = Imprint(size=record.size, md5=record.md5, sha256=record.sha256)
    glanced = ArchiveReader().glance(fetch, whole.filename, Subdir.NOARCH, imprint)
    assert replace(glanced, path=path) == whole
    if archive_format is ArchiveFormat.CONDA:
        assert (len(fetched) <= 4, sum(fetched) < 2 * TAIL + 10_000) == (True, True), fetched
    with pytest.raises(PackageError, match="truncated"):
        ArchiveReader().glance(lambda start, stop: body[start:stop][:-1], whole.filename, Subdir.NOARCH, imprint)


def test_a_ranged_file_reads_as_the_bytes_do() -> None:
    body = noise(1 << 20)
    file = RangedFile(lambda start, stop: body[start:stop], len(body))
    for at, size in ((0, 10), (5, 70_000), (900_000, 200_000), (len(body) - 3, 10), (20, -1), (len(body), 4)):
        file.seek(at)
        assert file.read(size) == (body[at:] if size < 0 else body[at : at + size])
    with pytest.raises(ValueError, match="before"):
        file.seek(-1)


def test_a_killed_run_goes_on_where_it_was(memory: World) -> None:
    memory.publish(ONE, TWO)
    notebook = FileNotebook(memory.folder / "notes")
    first = Counting(memory.store)
    rebuild(setting_at(memory), SUBDIRS, replace(stock_of(memory), store=first, notebook=notebook), curation())
    assert first.requests == 2
    with (memory.folder / "notes").open("a") as file:
        file.write('["noarch/tw')  # the line that it died on
    second = Counting(memory.store)
    rebuild(setting_at(memory), SUBDIRS, replace(stock_of(memory), store=second), curation())
    assert second.requests == 0
    FileNotebook(memory.folder / "notes").close()
    assert not (memory.folder / "notes").exists()


def test_an_empty_store_has_nothing_to_rebuild(memory: World) -> None:
    memory.folder.mkdir()
    assert rebuilt(memory).receipt is None
