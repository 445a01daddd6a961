"""Whatever happens to a channel in whatever order: its documents are those of a rebuild from scratch, and clients can
verify it after every step.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from looking import POLICY, SUBDIRS
from simulator import NOW, URL, Package, World, ring
from test_rebuild import stock_of
from upkeep import HOST, TERMS, curation, setting_at, settled, yank

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.core import layout
from ci_tools.core.builds import BuildInfo
from ci_tools.core.curation import Curation, curated
from ci_tools.core.package import Subdir
from ci_tools.core.patches import ListChange, Patch
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.verification import Severity
from ci_tools.flows.compact import compact
from ci_tools.flows.gc import gc
from ci_tools.flows.index import index, read_states
from ci_tools.flows.present import present
from ci_tools.flows.publish import publish
from ci_tools.flows.rebuild import rebuild
from ci_tools.flows.refresh import refresh
from ci_tools.flows.rollback import rollback
from ci_tools.flows.verify import verify

PACKAGES = tuple(
    Package(name=name, version=version, subdir=subdir, depends=("shared >=1",))
    for name in ("one", "two") for version in ("1.0", "2.0") for subdir in SUBDIRS
)  # fmt: skip
PATCHES = (
    Patch(match="one <2", depends=ListChange(replace={"shared": "shared >=1,<3"})),
    Patch(match="two", license="MIT", subdirs=(Subdir.NOARCH,)),
    Patch(match="one", constrains=ListChange(add=("rival <1",)), track_features=ListChange(add=("old",))),
)
HOURS = timedelta(hours=7)  # what passes between two steps


class Channel(RuleBasedStateMachine):
    """A channel in memory, and what must be in it: the published packages, and what each generation listed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="channel-test-"))
        self.world = World(folder=self.folder)
        self.now = NOW
        self.entries: dict[str, IndexEntry] = {}  # what is listed or yanked now
        self.wanted = curation()  # what the repository says
        self.stands = curation()  # what was applied last
        self.past: dict[int, tuple[dict[str, IndexEntry], Curation]] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def number(self) -> int:
        return present(self.world.store, ring().root, self.now).number

    def went(self, *, applied: bool) -> None:
        """A step is over: remember what the generation is to list."""
        if applied:
            self.stands = self.wanted.in_force(self.now)
        self.past[self.number] = (dict(self.entries), self.stands)
        self.now += HOURS

    @initialize()
    def begin(self) -> None:
        self.publish(PACKAGES[:1])

    @rule(packages=st.lists(st.sampled_from(PACKAGES), min_size=1, max_size=3, unique=True))
    def publish(self, packages: list[Package]) -> None:
        self.world.curation = self.wanted
        before = self.number
        report = self.publish_at(*packages)
        assert report.refused == ()
        for package in packages:
            key = f"{package.subdir}/{package.filename}"
            if key not in self.entries:
                self.entries[key] = self.entry_of(key, package, before + 1)
        self.went(applied=True)

    def publish_at(self, *packages: Package) -> object:
        plan, delivery = self.world.deliver(*packages)
        return publish(plan, (delivery,), self.world.setting(now=self.now), self.world.press())

    def entry_of(self, key: str, package: Package, generation: int) -> IndexEntry:
        artifact = ArchiveReader().receive(self.world.store.stream(key), package.filename, package.subdir)
        sidecar = self.world.store.get(layout.sidecar_key(key)).body
        record = replace(artifact.record, attestations_sha256=layout.sha256(sidecar))
        planned = package.planned
        build = BuildInfo(
            recipe=planned.recipe, input_hash=planned.input_hash, commit="1" * 40, generation=generation, seconds=1.0,
            backend="test 1",
        )  # fmt: skip
        return IndexEntry(filename=artifact.filename, record=record, run_exports=artifact.run_exports, build=build)

    @rule(
        package=st.sampled_from(PACKAGES), days=st.none() | st.integers(1, 3),
        patches=st.lists(st.sampled_from(PATCHES), max_size=3, unique_by=lambda patch: patch.match),
    )  # fmt: skip
    def curate(self, package: Package, days: int | None, patches: list[Patch]) -> None:
        """Yank one package more, and have these patches; nothing of it is applied yet."""
        until: datetime | None = self.now + timedelta(days=days) if days else None
        kept = [each for each in self.wanted.yanks if each.key != f"{package.subdir}/{package.filename}"]
        fresh = yank(str(package.filename), package.subdir, until)
        self.wanted = curation(*kept, fresh, patches=tuple(patches))

    @precondition(lambda self: self.wanted.yanks)
    @rule(data=st.data())
    def unyank(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.wanted.yanks))
        self.wanted = replace(self.wanted, yanks=tuple(each for each in self.wanted.yanks if each != gone))

    @rule()
    def apply(self) -> None:
        settled(self.world, index((), SUBDIRS, setting_at(self.world, self.now), self.wanted))
        self.went(applied=True)

    @rule()
    def refresh(self) -> None:
        settled(self.world, refresh(setting_at(self.world, self.now), self.wanted))
        self.went(applied=True)

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.past)))
        settled(self.world, rollback(number, setting_at(self.world, self.now)))
        entries, stood = self.past[number]
        self.entries, self.stands = dict(entries), stood
        self.went(applied=False)

    @rule(days=st.integers(0, 2))
    def collect(self, days: int) -> None:
        _, commit = gc(setting_at(self.world, self.now), TERMS, HOST)
        settled(self.world, commit)
        self.went(applied=False)
        self.now += timedelta(days=days)

    @rule()
    def compact(self) -> None:
        settled(self.world, compact(setting_at(self.world, self.now)))
        self.went(applied=False)

    @rule()
    def rebuild(self) -> None:
        stock = stock_of(self.world)
        built = rebuild(setting_at(self.world, self.now), SUBDIRS, stock, self.wanted)
        stock.notebook.close()
        assert built.refused == ()
        settled(self.world, built.commit)
        self.went(applied=True)

    @invariant()
    def documents_are_those_of_a_rebuild_from_scratch(self) -> None:
        found = present(self.world.store, ring().root, self.now)
        for subdir in SUBDIRS if self.past else ():
            entries = [entry for key, entry in self.entries.items() if key.startswith(f"{subdir}/")]
            scratch, _ = curated(IndexState.empty(subdir).including(entries), self.stands)
            state = read_states(self.world.store, found, (subdir,))[subdir]
            assert state == scratch
            listed = {d.key: d.body for d in scratch.documents() if not d.key.endswith(".zst")}
            for key, body in listed.items():
                assert self.world.store.get(key).body == body, key
            shards = {d.key for d in scratch.documents() if "/shards/" in d.key}
            assert shards == {layout.shard_key(subdir, digest.hex()) for digest in state.digests.values()}

    @invariant()
    def clients_see_a_channel_that_holds(self) -> None:
        if self.past:
            report = verify(StoredSource(self.world.store, URL), ring().root, POLICY, self.now)
            wrong = [finding for finding in report.findings if finding.severity is Severity.PROBLEM]
            assert [each for each in wrong if "expired" not in each.what] == []


class LongerChannel(Channel):
    """The same for hundreds of steps."""


Channel.TestCase.settings = settings(max_examples=4, stateful_step_count=12, deadline=None)
LongerChannel.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestChannel = Channel.TestCase
TestLongerChannel = pytest.mark.slow(LongerChannel.TestCase)
