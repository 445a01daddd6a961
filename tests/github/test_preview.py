"""The channel of a pull request: what was pushed last, bounded in size and time, and gone when it closes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from simulator import NOW, Package, World

from ci_tools.adapters.forges.github import GitHubForge
from ci_tools.core import layout
from ci_tools.core.ci.preview_text import install_text
from ci_tools.core.generation import Lifetimes
from ci_tools.core.package import Subdir
from ci_tools.core.secret import Secret
from ci_tools.flows.index import read_states
from ci_tools.flows.present import present
from ci_tools.flows.preview import preview, remove

if TYPE_CHECKING:
    from pathlib import Path

    from github_double import State

    from ci_tools.core.receipt import RunReport

KEEP, HEAD = timedelta(days=14), "a" * 40


class Below:
    """The store that all previews are in, as the store of one: what an S3 prefix does."""

    def __init__(self, world: World, number: int) -> None:
        self.store, self.prefix = world.store, f"{number}/"

    def __getattr__(self, name: str):  # noqa: ANN204
        method = getattr(self.store, name)
        if name == "list":
            return lambda key: (replace(h, key=h.key.removeprefix(self.prefix)) for h in method(self.prefix + key))
        return lambda key, *args, **kwargs: method(self.prefix + key, *args, **kwargs)


class Pull:
    def __init__(self, folder: Path) -> None:
        self.world = World(folder=folder)
        self.store = Below(self.world, 7)

    def push(self, *packages: Package, largest: int = 1 << 30) -> RunReport:
        plan, delivery = self.world.deliver(*packages)
        setting = self.world.setting(self.store)
        notary = replace(setting.notary, lifetimes=Lifetimes(timestamp=KEEP, snapshot=2 * KEEP, targets=2 * KEEP))
        return preview(plan, (delivery,), replace(setting, notary=notary), self.world.press(store=self.store), largest)

    def listed(self) -> list[str]:
        now = present(self.store, self.world.setting().notary.root, NOW)
        states = read_states(self.store, now, (Subdir.NOARCH, Subdir.LINUX_64))
        return sorted(f"{subdir}/{name}" for subdir, state in states.items() for name in state.filenames)

    def packages(self) -> list[str]:
        return sorted(h.key for h in self.store.list("") if h.key.endswith(".conda"))


@pytest.fixture
def pull(tmp_path: Path) -> Pull:
    return Pull(tmp_path)


@pytest.fixture
def forge(state: State) -> GitHubForge:
    return GitHubForge("acme/recipes", Secret("t"), api=state.url, wait=0.1, pause=0.0)


def test_a_push_replaces_what_was_pushed_before_as_the_next_generation(pull: Pull) -> None:
    first = pull.push(Package(name="a"), Package(name="b"))
    second = pull.push(Package(name="a", salt="built anew"), Package(name="c"))
    assert pull.listed() == pull.packages() == ["noarch/a-1.0-0.conda", "noarch/c-1.0-0.conda"]
    assert first.receipt is not None
    assert second.receipt is not None
    assert (first.receipt.generation, second.receipt.generation, second.refused) == (1, 3, ())


def test_the_same_push_again_changes_nothing(pull: Pull) -> None:
    pull.push(Package(name="a"))
    again = pull.push(Package(name="a"))
    assert (again.receipt, pull.listed()) == (None, ["noarch/a-1.0-0.conda"])


def test_a_preview_that_is_too_large_is_not_published_and_says_so(pull: Pull) -> None:
    report = pull.push(Package(name="a"), largest=10)
    assert (pull.packages(), report.receipt) == ([], None)
    assert "a preview may have 10" in report.refused[0].because
    text = install_text("https://c.example/pr/7", "https://c.example/acme", report, KEEP)
    assert "Not in it" in text
    assert "conda install" not in text


def test_a_closed_pull_request_leaves_nothing_and_its_neighbours_stay(
    pull: Pull, state: State, forge: GitHubForge
) -> None:
    pull.push(Package(name="a"))
    other = Pull(pull.world.folder / "other")
    other.world.store, other.store = pull.world.store, Below(pull.world, 8)
    other.push(Package(name="b"))
    state.add_pull(7, HEAD, state="closed")
    state.add_pull(8, HEAD)
    done = remove(pull.world.store, forge, NOW)
    assert (done.gone, done.kept) == (((7, "its pull request is closed"),), (8,))
    assert {head.key.partition("/")[0] for head in pull.world.store.list("")} == {"8"}
    assert other.listed() == ["noarch/b-1.0-0.conda"]


def test_only_those_that_are_asked_for_are_looked_at(pull: Pull, state: State, forge: GitHubForge) -> None:
    pull.push(Package(name="a"))
    state.add_pull(7, HEAD, state="closed")
    assert remove(pull.world.store, forge, NOW, (9,)).gone == ()


@pytest.mark.parametrize(("later", "gone"), [(KEEP - timedelta(hours=1), False), (KEEP + timedelta(hours=1), True)])
def test_its_time_is_that_of_its_timestamp(
    later: timedelta, *, gone: bool, pull: Pull, state: State, forge: GitHubForge
) -> None:
    pull.push(Package(name="a"))
    state.add_pull(7, HEAD)
    done = remove(pull.world.store, forge, NOW + later)
    assert bool(done.gone) is gone
    assert (pull.packages() == []) is gone


def test_a_removal_that_died_is_completed(pull: Pull, state: State, forge: GitHubForge) -> None:
    pull.push(Package(name="a"))
    state.add_pull(7, HEAD)
    pull.store.delete(layout.TIMESTAMP)
    assert remove(pull.world.store, forge, NOW).gone == ((7, "it was left half removed"),)
    assert list(pull.world.store.list("")) == []


def test_the_lines_to_install_are_for_each_client(pull: Pull) -> None:
    text = install_text("https://c.example/pr/7", "https://c.example/acme", pull.push(Package(name="a")), KEEP)
    channels = "-c https://c.example/pr/7 -c https://c.example/acme"
    for client in ("conda", "mamba"):
        assert f"{client} install --override-channels {channels} 'a=1.0=0'" in text
    assert "pixi workspace channel add --prepend https://c.example/pr/7 && pixi add 'a==1.0'" in text
    assert "14d" in text
