"""The flows that look after a channel, called as the command line calls them."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulator import NOW, URL, World, ring

from ci_tools.adapters.hosts.terminal import Terminal
from ci_tools.adapters.match_specs import matches
from ci_tools.core.curation import Curation, Yank
from ci_tools.core.generation import Lifetimes
from ci_tools.core.package import Subdir
from ci_tools.flows.fsck import Inspection, fsck
from ci_tools.flows.gc import Terms, gc
from ci_tools.flows.index import index, read_states
from ci_tools.flows.present import present
from ci_tools.flows.settle import settle

if TYPE_CHECKING:
    from ci_tools.core.fsck import CheckReport
    from ci_tools.core.gc_report import GcReport
    from ci_tools.core.patches import Patch
    from ci_tools.core.receipt import RunReport
    from ci_tools.core.repodata import IndexState
    from ci_tools.flows.transaction import Commit, Setting
    from ci_tools.ports import ObjectStore

DAY = timedelta(days=1)
TERMS = Terms(keep=30 * DAY, grace=2 * DAY)
HOST = Terminal(io.StringIO(), {}, verbosity=-1)


def setting_at(world: World, now: datetime = NOW, store: ObjectStore | None = None, what: str = "test") -> Setting:
    found = world.setting(store, now)
    return replace(found, cause=replace(found.cause, what=what))


def settled(world: World, commit: Commit) -> RunReport:
    return settle(commit, setting_at(world), world.edge)


def inspection(world: World, now: datetime = NOW, store: ObjectStore | None = None) -> Inspection:
    return Inspection(
        store=store or world.store, root=ring().root, lifetimes=Lifetimes(), channel=URL, now=now, keep=30 * DAY,
        host=HOST,
    )  # fmt: skip


def checked(world: World, now: datetime = NOW) -> CheckReport:
    return fsck(inspection(world, now))


def collected(world: World, now: datetime) -> GcReport:
    report, commit = gc(setting_at(world, now, what="gc"), TERMS, HOST)
    settled(world, commit)
    return report


def curation(*yanks: Yank, patches: tuple[Patch, ...] = ()) -> Curation:
    return Curation(yanks=yanks, patches=patches, matches=matches)


def yank(filename: str, subdir: Subdir = Subdir.NOARCH, until: datetime | None = None) -> Yank:
    return Yank(subdir=subdir, filename=filename, reason="loses data", until=until)


def applied(world: World, wanted: Curation, now: datetime = NOW) -> RunReport:
    return settled(world, index((), (), setting_at(world, now, what="refresh"), wanted))


def state_of(world: World, subdir: Subdir = Subdir.NOARCH) -> IndexState:
    return read_states(world.store, present(world.store, ring().root, NOW), (subdir,))[subdir]
