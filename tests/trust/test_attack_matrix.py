"""Each attack beside its honest twin: `channel verify`, a lock and a file find every one of them, and nothing else."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest
from attacks import ATTACKS, DATA, frozen, honest, json_that_says_two_things, rolled_back
from channel_tree import FolderSource
from publishing import CHANNEL, TODAY

from ci_tools.core.lock import LockedPackage
from ci_tools.core.verification import VerifyPolicy
from ci_tools.flows.verify import verify
from ci_tools.flows.verify_lock import verify_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from channel_tree import Tree


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return honest(tmp_path_factory.mktemp("honest") / "channel")


@pytest.fixture
def tree(good: Tree, tmp_path: Path) -> Tree:
    return good.copied(tmp_path / "channel")


def policy(good: Tree) -> VerifyPolicy:
    return VerifyPolicy(channel=CHANNEL, trusted_root=good.publishing.trusted_root, known=good.generation)


def locked(tree: Tree) -> tuple[LockedPackage, ...]:
    """What a lock says that was made from what is served now."""
    return (LockedPackage(url=f"{CHANNEL}/{DATA}", sha256=hashlib.sha256(tree.read(DATA)).hexdigest()),)


@pytest.mark.parametrize("attack", ATTACKS)
def test_verify_finds_it_and_passes_the_honest_twin(good: Tree, tree: Tree, attack: Callable[[Tree], None]) -> None:
    source = FolderSource(tree.folder)
    twin = verify(source, good.root, policy(good), TODAY)
    assert (twin.ok, twin.findings) == (True, ())
    attack(tree)
    report = verify(source, good.root, policy(good), TODAY)
    assert not report.ok
    assert all(finding.where and finding.what and finding.hint for finding in report.findings)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_lock_s_preflight_stops_it_and_passes_the_honest_twin(
    good: Tree, tree: Tree, attack: Callable[[Tree], None]
) -> None:
    source = FolderSource(tree.folder)
    assert verify_lock(source, good.root, policy(good), locked(tree), TODAY).findings == ()
    attack(tree)
    assert not verify_lock(source, good.root, policy(good), locked(tree), TODAY).ok


def test_the_attacks_of_the_metadata_are_named(good: Tree, tree: Tree, tmp_path: Path) -> None:
    for attack, word in ((rolled_back, "rollback"), (frozen, "freeze"), (json_that_says_two_things, "there is twice")):
        spoiled = good.copied(tmp_path / attack.__name__)
        attack(spoiled)
        (finding,) = verify(FolderSource(spoiled.folder), good.root, policy(good), TODAY).findings
        assert word in finding.what.replace("is there twice", "there is twice")
    shutil.rmtree(tree.folder)
