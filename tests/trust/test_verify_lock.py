"""A lock is held against the channel: what was published passes, also while all lags; nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml
from channel_tree import FolderSource, Tree
from publishing import CHANNEL, TODAY
from tuf_channel import YEAR, new_key

from ci_tools.adapters.lockfiles import locked_packages
from ci_tools.core.generation import next_generation
from ci_tools.core.layout import TIMESTAMP
from ci_tools.core.lock import LockedPackage
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.root_change import RootChange, countersigned, drafted
from ci_tools.core.signing import fingerprint
from ci_tools.core.verification import CHAIN, Severity, VerifyPolicy
from ci_tools.errors import UsageError
from ci_tools.flows.verify_file import attested_file, verify_file
from ci_tools.flows.verify_lock import verify_lock

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from ci_tools.core.verification import VerifyReport

DATA, TOOL = "noarch/data-1.0-0.conda", "noarch/tool-1.0-0.conda"
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path / "channel")
    made.publish("data", "tool", now=TODAY)
    return made


def policy(tree: Tree, **more: object) -> VerifyPolicy:
    return VerifyPolicy(channel=CHANNEL, trusted_root=tree.publishing.trusted_root, **more)


def locked(tree: Tree, key: str, **changes: object) -> LockedPackage:
    record = json.loads(tree.read("noarch/repodata.json"))["packages.conda"][key.partition("/")[2]]
    found = LockedPackage(url=f"{CHANNEL}/{key}", sha256=record["sha256"], md5=record["md5"], depends=())
    return replace(found, **changes)


def checked(tree: Tree, *packages: LockedPackage, now: datetime = TODAY, **more: object) -> VerifyReport:
    return verify_lock(FolderSource(tree.folder), tree.root, policy(tree, **more), packages, now)


def told(report: VerifyReport) -> list[str]:
    return [finding.what for finding in report.findings]


def test_what_the_channel_published_passes(tree: Tree) -> None:
    report = checked(tree, locked(tree, DATA), locked(tree, TOOL))
    assert (report.findings, report.checked.packages, report.checked.records) == ((), 2, 2)


def test_packages_of_other_channels_are_none_of_its_business(tree: Tree) -> None:
    others = [
        LockedPackage(url="https://elsewhere.example/acme/noarch/x-1-0.conda"),
        LockedPackage(url=f"{CHANNEL}-evil/noarch/x-1-0.conda"), LockedPackage(url=f"{CHANNEL}/noarch/sub/x-1-0.conda"),
    ]  # fmt: skip
    report = checked(tree, *others)
    assert (report.ok, report.checked.records) == (True, 0)


@pytest.mark.parametrize(
    "url", ["https://conda.acme.example/t/abc-123/acme/", "https://me:secret@conda.acme.example/acme/"]
)
def test_a_credential_in_the_url_hides_no_package(tree: Tree, url: str) -> None:
    package = locked(tree, DATA, url=url + DATA, sha256="0" * 64)
    assert "the lock says another SHA-256 than the channel" in told(checked(tree, package))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sha256": "0" * 64}, "the lock says another SHA-256 than the channel"),
        ({"sha256": "", "md5": "0" * 32}, "the lock says another MD5 than the channel"),
        ({"depends": ("evil",)}, "the lock says another list of dependencies than the channel"),
        ({"url": f"{CHANNEL}/noarch/evil-1.0-0.conda"}, "no generation that still holds lists it"),
        ({"url": f"{CHANNEL}/nowhere/data-1.0-0.conda"}, "no generation that still holds lists it"),
    ],
)
def test_what_the_channel_did_not_publish_is_found(tree: Tree, changes: dict[str, object], says: str) -> None:
    report = checked(tree, locked(tree, DATA, **changes))
    assert not report.ok
    assert says in told(report)


def test_a_lock_without_sha256_is_a_warning(tree: Tree) -> None:
    (finding,) = checked(tree, locked(tree, DATA, sha256="")).findings
    assert (finding.severity, finding.what) == (Severity.WARNING, "the lock has only its MD5")


def withdrawn(tree: Tree, *names: str, now: datetime) -> None:
    """A generation without these packages: yanked, or patched."""
    state = tree.states[Subdir.NOARCH]
    tree.states[Subdir.NOARCH] = state.without(Filename.parse(name) for name in names)
    tree.commit(now)


def test_a_package_of_a_generation_just_replaced_still_passes_and_later_no_more(tree: Tree) -> None:
    """A client's cache is a generation behind: that locks nobody out. A week later it is the channel's no more."""
    package = locked(tree, DATA)
    withdrawn(tree, "data-1.0-0.conda", now=TODAY + HOUR)
    assert checked(tree, package, now=TODAY + 2 * HOUR).findings == ()
    tree.commit(TODAY + WEEK)
    assert checked(tree, package, now=TODAY + WEEK).findings == ()
    late = checked(tree, package, now=TODAY + WEEK + 2 * HOUR)
    assert told(late) == ["no generation that still holds lists it"]
    assert checked(tree, package, now=TODAY + 3 * HOUR, max_age=HOUR).ok is False


def test_pointers_that_lag_behind_lock_nobody_out(tree: Tree) -> None:
    old = tree.read("noarch/repodata.json")
    tree.publish("more", now=TODAY + HOUR)
    new = locked(tree, "noarch/more-1.0-0.conda")
    tree.write("noarch/repodata.json", old)  # the edge is a minute behind, or the publish died here
    assert checked(tree, new, now=TODAY + HOUR).findings == ()


def test_an_old_generation_that_an_attacker_wrote_is_none(tree: Tree, tmp_path: Path) -> None:
    evil = Tree(tmp_path / "evil")
    evil.publish("evil")
    package = locked(evil, "noarch/evil-1.0-0.conda")
    tree.publish("more", now=TODAY + HOUR)
    for path in evil.folder.rglob("*"):
        key = path.relative_to(evil.folder).as_posix()
        if path.is_file() and ("1.targets" in key or "evil" in key or ".repodata" in key):
            tree.write(key, path.read_bytes())
    assert told(checked(tree, package, now=TODAY + HOUR)) == ["no generation that still holds lists it"]


def test_a_frozen_or_forged_channel_stands_for_nothing(tree: Tree) -> None:
    assert checked(tree, locked(tree, DATA), now=TODAY + 8 * timedelta(days=1)).findings[0].where == CHAIN
    tree.write(TIMESTAMP, tree.read(TIMESTAMP).replace(b'"version":1,"x', b'"version":2,"x'))
    assert "forged" in told(checked(tree, locked(tree, DATA)))[0]


def test_a_package_is_read_and_its_sidecar_too(tree: Tree) -> None:
    tree.write(DATA, b"evil")
    assert "cut off" in told(checked(tree, locked(tree, DATA)))[0]
    (tree.folder / tree.one("noarch/tool-1.0-0.conda.sigs.?*")).unlink()
    assert "sidecar is missing" in told(checked(tree, locked(tree, TOOL)))[0]


def test_another_identity_is_not_the_publisher(tree: Tree) -> None:
    report = checked(tree, locked(tree, DATA), identity=f"{CHANNEL}#somebody")
    assert "no attestation vouches for" in told(report)[0]
    assert checked(tree, locked(tree, DATA), identity=f"{CHANNEL}#publisher").ok


def test_a_file_is_what_the_channel_published_or_not(tree: Tree) -> None:
    package = locked(tree, DATA)
    source = FolderSource(tree.folder)
    good = verify_file(source, tree.root, policy(tree), ("data-1.0-0.conda", package.sha256), TODAY)
    assert good.findings == ()
    evil = verify_file(source, tree.root, policy(tree), ("data-1.0-0.conda", "0" * 64), TODAY)
    assert told(evil) == ["the channel lists other bytes under this name"]
    none = verify_file(source, tree.root, policy(tree), ("evil-1.0-0.conda", package.sha256), TODAY)
    assert told(none) == ["the channel does not list it"]
    sidecar = tree.read(f"{DATA}.sigs")
    assert attested_file("x", policy(tree), ("data-1.0-0.conda", package.sha256), sidecar).ok
    assert not attested_file("x", policy(tree), ("tool-1.0-0.conda", package.sha256), sidecar).ok


URL = f"{CHANNEL}/{DATA}"
FORMATS = {
    "pixi.lock": yaml.safe_dump({"version": 6, "packages": [{"conda": URL, "sha256": "a" * 64, "md5": "b" * 32},
                                                            {"pypi": "https://x.example/y.whl", "sha256": "c" * 64}]}),
    "old-pixi.lock": yaml.safe_dump({"version": 5, "packages": [
        {"kind": "conda", "url": URL, "sha256": "a" * 64, "md5": "b" * 32}, {"kind": "pypi", "url": "https://x.example"}]}),
    "conda-lock.yml": yaml.safe_dump({"version": 1, "package": [
        {"manager": "conda", "url": URL, "hash": {"sha256": "a" * 64, "md5": "b" * 32}},
        {"manager": "pip", "url": "https://x.example", "hash": {"sha256": "c" * 64}}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_lock_files_of_others_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMATS[name])
    assert locked_packages(tmp_path / name) == (LockedPackage(url=URL, sha256="a" * 64, md5="b" * 32),)


def test_an_explicit_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "explicit.txt"
    path.write_text(f"# platform\n@EXPLICIT\n{URL}#{'b' * 32}\n{URL}#sha256:{'a' * 64}\n{URL}#{'A' * 64}\n\n{URL}\n")
    assert locked_packages(path) == (
        LockedPackage(url=URL, md5="b" * 32), LockedPackage(url=URL, sha256="a" * 64), LockedPackage(url=URL),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: 1", "packages: 7", "packages: [7]", "{", "packages: [{conda: x, sha256: a, sha256: b}]", "\x00"],
)
def test_what_is_no_lock_file_is_the_caller_s_mistake(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    with pytest.raises(UsageError):
        locked_packages(tmp_path / "lock")


def test_a_lock_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        locked_packages(tmp_path / "nowhere")


def test_a_revoked_key_brings_no_generation_back(tree: Tree) -> None:
    """Whoever got the old online key could make up a generation of an hour ago; the newest root no longer knows it."""
    package, online = locked(tree, DATA), new_key()
    withdrawn(tree, "data-1.0-0.conda", now=TODAY + HOUR)
    assert checked(tree, package, now=TODAY + HOUR).ok
    change = RootChange(admit=(online.public_key_pem,), dismiss=(fingerprint(tree.online_key),))
    tree.write("tuf/2.root.json", countersigned(drafted(tree.root, change, TODAY + YEAR), tree.root, tree.root_key))
    made = next_generation(tree.generation, 3, tree.generation.targets, online, TODAY + HOUR)
    for document in made:
        tree.write(document.key, document.body)
    assert told(checked(tree, package, now=TODAY + HOUR)) == ["no generation that still holds lists it"]
    assert checked(tree, locked(tree, TOOL), now=TODAY + HOUR).ok
