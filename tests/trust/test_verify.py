"""An honest channel verifies; whatever is altered, replaced, removed or slipped in is found and named."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import msgpack
import pytest
import zstandard
from channel_tree import FolderSource, Tree
from publishing import TODAY, publishing
from tuf_channel import YEAR, new_key

from ci_tools import documents
from ci_tools.core import layout
from ci_tools.core.generation import TargetFile, refreshed_timestamp
from ci_tools.core.package import Subdir
from ci_tools.core.root import first_root
from ci_tools.core.verification import CHAIN, Severity, VerifyPolicy
from ci_tools.errors import TrustError
from ci_tools.flows.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.core.verification import VerifyReport

REPODATA = "noarch/repodata.json"
PACKAGE = "noarch/data-1.0-0.conda"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Two generations; the second has one package more. Not to be altered."""
    tree = Tree(tmp_path_factory.mktemp("published"))
    tree.publish("data", "tool")
    tree.publish("native", subdir=Subdir.LINUX_64)
    return tree


@pytest.fixture
def tree(published: Tree, tmp_path: Path) -> Tree:
    """A copy that a test may spoil."""
    copy = Tree(tmp_path / "channel", published.publishing, published.root_key, published.online_key)
    shutil.copytree(published.folder, copy.folder, dirs_exist_ok=True)
    copy.root, copy.generation, copy.states = published.root, published.generation, dict(published.states)
    return copy


def told(report: VerifyReport) -> dict[str, str]:
    """Where -> what, of the problems."""
    return {f.where: f.what for f in report.findings if f.severity is Severity.PROBLEM}


def flipped(body: bytes) -> bytes:
    """The same length, one bit different."""
    return body[:-1] + bytes([body[-1] ^ 1])


def test_an_honest_channel_verifies(published: Tree) -> None:
    report = published.verified()
    assert (report.findings, report.generation, report.ok) == ((), 2, True)
    checked = report.checked
    assert (checked.records, checked.packages, checked.shards, checked.documents) == (3, 3, 3, 15)
    assert report.expires == TODAY + timedelta(days=7)


def test_a_report_is_a_document(published: Tree) -> None:
    assert json.loads(documents.write(published.verified()))["generation"] == 2


def test_a_tampered_package_is_found(tree: Tree) -> None:
    tree.write(PACKAGE, flipped(tree.read(PACKAGE)))
    assert told(tree.verified()) == {PACKAGE: "the package's bytes are not those of its record: it was altered"}


@pytest.mark.parametrize(("change", "says"), [(lambda b: b + b"x", "longer"), (lambda b: b[:-1], "cut off")])
def test_a_package_of_another_length_is_found(tree: Tree, change: object, says: str) -> None:
    tree.write(PACKAGE, change(tree.read(PACKAGE)))
    assert says in told(tree.verified())[PACKAGE]


def test_a_missing_package_is_found(tree: Tree) -> None:
    (tree.folder / PACKAGE).unlink()
    assert told(tree.verified()) == {PACKAGE: "the package is missing, though it is indexed"}


def test_a_sample_looks_at_some_packages_and_at_every_record(tree: Tree) -> None:
    tree.write(PACKAGE, flipped(tree.read(PACKAGE)))
    reports = [tree.verified(sample=1, seed=str(seed)) for seed in range(20)]
    assert {report.checked.packages for report in reports} == {1}
    assert {report.checked.records for report in reports} == {3}
    assert {report.ok for report in reports} == {True, False}
    assert tree.verified(sample=0).ok


@pytest.mark.parametrize("name", [layout.REPODATA, layout.REPODATA_ZST, layout.SHARD_INDEX, layout.RUN_EXPORTS])
def test_a_tampered_pointer_is_found(tree: Tree, name: str) -> None:
    tree.write(f"noarch/{name}", flipped(tree.read(f"noarch/{name}")))
    assert told(tree.verified()) == {f"noarch/{name}": "holds bytes that no generation lists"}


def test_a_missing_pointer_is_found(tree: Tree) -> None:
    (tree.folder / REPODATA).unlink()
    assert told(tree.verified()) == {REPODATA: "is missing: most clients ask for nothing else"}


def test_an_endless_pointer_is_foreign(tree: Tree) -> None:
    tree.write(REPODATA, tree.read(REPODATA) * 2)
    assert told(tree.verified()) == {REPODATA: "holds bytes that no generation lists"}


def test_a_pointer_that_lags_behind_is_a_warning(tree: Tree) -> None:
    old = tree.read(REPODATA)
    tree.publish("more")
    tree.write(REPODATA, old)
    report = tree.verified()
    assert report.ok
    (finding,) = report.findings
    assert (finding.where, finding.severity) == (REPODATA, Severity.WARNING)
    assert "generation 2's, the present one is 3" in finding.what


def test_a_generation_that_an_attacker_lists_excuses_no_pointer(tree: Tree) -> None:
    attacker = Tree(tree.folder.parent / "attacker")
    attacker.publish("data", "evil")
    tree.publish("more")
    tree.write("tuf/1.targets.json", attacker.read("tuf/1.targets.json"))
    tree.write(REPODATA, attacker.read(REPODATA))
    assert told(tree.verified()) == {REPODATA: "holds bytes that no generation lists"}


@pytest.mark.parametrize(
    "key", ["noarch/current_repodata.json", "linux-aarch64/repodata.json", "osx-64/repodata.json.zst"]
)
def test_a_document_that_nobody_listed_is_found(tree: Tree, key: str) -> None:
    tree.write(key, b"{}")
    assert told(tree.verified()) == {key: "no generation lists it"}


def by_hash(tree: Tree, key: str) -> str:
    assert tree.generation is not None
    return layout.by_hash(key, tree.generation.targets[key].sha256)


@pytest.mark.parametrize("key", [REPODATA, "linux-64/repodata_shards.msgpack.zst", "receipts/2.json"])
def test_a_tampered_listed_document_is_found(tree: Tree, key: str) -> None:
    where = by_hash(tree, key)
    tree.write(where, flipped(tree.read(where)))
    assert told(tree.verified())[where] == "is not what the generation lists"


def test_an_oversize_listed_document_is_never_read_in_full(tree: Tree) -> None:
    where = by_hash(tree, REPODATA)
    tree.write(where, tree.read(where) + b" ")
    assert "is longer than" in told(tree.verified())[where]


def test_a_missing_listed_document_is_found(tree: Tree) -> None:
    where = by_hash(tree, REPODATA)
    (tree.folder / where).unlink()
    assert told(tree.verified()) == {where: "is missing, though the generation lists it"}


def shard_of(tree: Tree, name: str) -> str:
    index = msgpack.unpackb(zstandard.decompress(tree.read("noarch/repodata_shards.msgpack.zst")))
    return layout.shard_key(Subdir.NOARCH, index["shards"][name].hex())


def test_a_shard_altered_alone_is_found(tree: Tree) -> None:
    """The attack that a signature over repodata.json misses: clients install by shards."""
    where = shard_of(tree, "data")
    body = msgpack.unpackb(zstandard.decompress(tree.read(where)))
    body["packages.conda"]["data-1.0-0.conda"]["sha256"] = hashlib.sha256(b"evil").digest()
    tree.write(where, zstandard.compress(msgpack.packb(body)))
    assert told(tree.verified()) == {where: "is not what its name says: it was altered"}


def test_a_missing_shard_is_found(tree: Tree) -> None:
    where = shard_of(tree, "data")
    (tree.folder / where).unlink()
    assert told(tree.verified()) == {where: "is missing, though the shard index names it for `data`"}


def resigned(tree: Tree, **bodies: bytes) -> None:
    """A generation of the real key in which these documents (name in noarch -> bytes) say something else."""
    assert tree.generation is not None
    changed = {f"noarch/{name}": body for name, body in bodies.items()}
    targets = {**tree.generation.targets, **{key: TargetFile.of(body) for key, body in changed.items()}}
    for key, body in changed.items():
        tree.write(key, body)
        tree.write(layout.by_hash(key, targets[key].sha256), body)
    tree.sign(tree.generation.number + 1, targets)


def test_shards_and_repodata_must_say_the_same(tree: Tree) -> None:
    document = json.loads(tree.read(REPODATA))
    document["packages.conda"]["data-1.0-0.conda"]["depends"] = ["evil"]
    del document["packages.conda"]["tool-1.0-0.conda"]
    resigned(tree, **{layout.REPODATA: json.dumps(document).encode()})
    assert told(tree.verified()) == {
        "noarch/repodata.json.zst": "does not hold the same as repodata.json",
        PACKAGE: "its shard says something else than repodata.json: depends",
        "noarch/tool-1.0-0.conda": "it is in a shard and not in repodata.json",
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "other"}, "its record is that of another package"), ({"sha256": "no"}, "its record has no SHA-256"),
        ({"size": "7"}, "its record has no size"),
        ({"subdir": "linux-64"}, "its record says that it belongs to linux-64"),
        ({"attestations_sha256": None}, "nobody attests it: its record names no sidecar"),
    ],
)  # fmt: skip
def test_a_record_must_say_what_it_must(tree: Tree, change: dict[str, object], says: str) -> None:
    document = json.loads(tree.read(REPODATA))
    document["packages.conda"]["data-1.0-0.conda"] |= change
    resigned(tree, **{layout.REPODATA: json.dumps(document).encode()})
    assert says in [f.what for f in tree.verified().findings if f.where == PACKAGE]


def test_a_name_that_is_there_twice_is_found_even_where_it_is_signed(tree: Tree) -> None:
    body = tree.read(REPODATA).replace(b'"packages.conda":{', b'"packages.conda":{},\n"packages.conda":{')
    resigned(tree, **{layout.REPODATA: body})
    assert "`packages.conda` is there twice" in told(tree.verified())[REPODATA]


def sidecar(tree: Tree) -> str:
    return tree.one("noarch/data-1.0-0.conda.sigs.?*")


def test_a_replaced_sidecar_is_found(tree: Tree) -> None:
    """Even one of the real publisher: the record names the bytes."""
    sha256 = hashlib.sha256(tree.read(PACKAGE)).hexdigest()
    other = publishing().attest("data-1.0-0.conda", sha256)
    tree.write(sidecar(tree), other)
    assert told(tree.verified()) == {sidecar(tree): "is not the sidecar that the record names: it was replaced"}


def test_a_stripped_sidecar_is_found(tree: Tree) -> None:
    where = sidecar(tree)
    (tree.folder / where).unlink()
    assert told(tree.verified()) == {where: "the sidecar is missing, though the record names it"}


def test_another_authority_s_attestation_is_found(tree: Tree) -> None:
    """The online key alone is not enough: whoever signs the index still cannot vouch for a package."""
    tree.publishing, kept = publishing(), tree.publishing
    tree.publish("evil")
    tree.publishing = kept
    assert [w.startswith("noarch/evil-1.0-0.conda.sigs.") for w in told(tree.verified())] == [True]


def test_a_rollback_is_found_by_whoever_knows_better(tree: Tree) -> None:
    old = tree.read(layout.TIMESTAMP)
    tree.publish("more")
    known = tree.generation
    tree.write(layout.TIMESTAMP, old)
    assert tree.verified().generation == 2
    assert "went back from version 3 to 2 (rollback)" in told(tree.verified(known=known))[CHAIN]
    assert "older than 3 (rollback)" in told(tree.verified(at_least=3))[CHAIN]


def test_a_frozen_channel_is_found(tree: Tree) -> None:
    assert "expired on" in told(tree.verified(now=TODAY + timedelta(days=8)))[CHAIN]


def test_a_refreshed_channel_is_believed_again(tree: Tree) -> None:
    later = TODAY + timedelta(days=8)
    renewed = refreshed_timestamp(tree.root, tree.read(layout.TIMESTAMP), tree.online_key, later)
    tree.write(layout.TIMESTAMP, renewed.body)
    assert tree.verified(now=later).ok


def test_generations_do_not_mix(tree: Tree) -> None:
    tree.write("tuf/2.targets.json", tree.read("tuf/1.targets.json"))
    assert "mix-and-match" in told(tree.verified())[CHAIN]


def test_another_root_leads_nowhere(tree: Tree) -> None:
    other = first_root(new_key(), new_key(), TODAY, YEAR)
    assert "forged" in told(tree.verified(root=other))[CHAIN]
    assert "not a valid JSON" in told(tree.verified(root=b"no root"))[CHAIN]


def test_a_forged_online_key_is_found(tree: Tree) -> None:
    tree.online_key = new_key()
    with pytest.raises(TrustError):
        tree.publish("evil")
    assert "`tuf/timestamp.json` is forged" in told(tree.verified())[CHAIN]


@pytest.mark.parametrize("key", [layout.TIMESTAMP, "tuf/2.snapshot.json", "tuf/2.targets.json"])
@pytest.mark.parametrize("spoil", ["remove", "cut", "flip", "swell", "empty"])
def test_spoiled_metadata_is_found(tree: Tree, key: str, spoil: str) -> None:
    body = tree.read(key)
    if spoil == "remove":
        (tree.folder / key).unlink()
    else:
        tree.write(
            key, {"cut": body[:99], "flip": flipped(body), "swell": body + b" " * 6_000_000, "empty": b""}[spoil]
        )
    report = tree.verified()
    assert (report.ok, report.generation) == (False, 0)
    assert [(f.where, bool(f.hint)) for f in report.findings] == [(CHAIN, True)]


def test_an_empty_folder_is_no_channel(tree: Tree, tmp_path: Path) -> None:
    policy = VerifyPolicy(channel="https://x.example", trusted_root=tree.publishing.trusted_root)
    report = verify(FolderSource(tmp_path / "nowhere"), tree.root, policy, TODAY)
    assert "is missing" in told(report)[CHAIN]


def test_a_generation_without_noarch_is_no_channel(tree: Tree) -> None:
    assert tree.generation is not None
    targets = {key: file for key, file in tree.generation.targets.items() if not key.startswith("noarch/")}
    tree.sign(3, targets)
    assert told(tree.verified())[REPODATA] in {
        "no generation lists it", "the generation does not list it: without it this is no channel",
    }  # fmt: skip


def test_a_publish_in_the_middle_of_a_verification_is_no_finding(tree: Tree) -> None:
    class Overtaken(FolderSource):
        """Somebody publishes when the first pointer is read."""

        def stream(self, key: str) -> Iterator[bytes]:
            if key == REPODATA and tree.generation is not None and tree.generation.number == 2:
                tree.publish("more")
            return super().stream(key)

    policy = VerifyPolicy(channel="https://conda.acme.example/acme", trusted_root=tree.publishing.trusted_root)
    report = verify(Overtaken(tree.folder), tree.root, policy, TODAY)
    assert (report.findings, report.generation) == ((), 3)


def test_a_trusted_root_that_is_none_is_the_caller_s_mistake(tree: Tree) -> None:
    with pytest.raises(TrustError, match="trusted root"):
        tree.verified(trusted_root=b"{}")
