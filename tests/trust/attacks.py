"""What somebody can do who writes to the bucket and holds no key: each attack, done to a real channel tree.

`data` is what a victim installs; where an attack brings an evil package, every unsigned document agrees with it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from channel_tree import Tree
from packages import make_package
from publishing import CHANNEL, TODAY, Publishing, publishing
from tuf_channel import YEAR, new_key

from ci_tools.core import layout
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.root_change import RootChange, countersigned, drafted

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = "noarch/data-1.0-0.conda"
EVIL = {"share/evil": b"evil"}
DAYS = timedelta(days=1)


def honest(folder: Path, channel: str = CHANNEL) -> Tree:
    """Two generations; `data` came with the first, `later` with the second."""
    tree = Tree(folder, publishing(channel))
    tree.publish("data", "tool", now=TODAY - 2 * DAYS)
    tree.publish("later", now=TODAY - DAYS)
    return tree


def evil(tree: Tree) -> IndexEntry:
    """An evil package under the name of the good one, put in its place; what an index would say of it."""
    with tempfile.TemporaryDirectory() as scratch:
        body = make_package(Path(scratch), "data", files=EVIL).read_bytes()
    tree.write(DATA, body)
    known = tree.states[Subdir.NOARCH].record(Filename.parse("data-1.0-0.conda"))
    record = replace(
        known, size=len(body), sha256=hashlib.sha256(body).hexdigest(),
        md5=hashlib.md5(body, usedforsecurity=False).hexdigest(),
    )  # fmt: skip
    return IndexEntry(filename=Filename.parse("data-1.0-0.conda"), record=record)


def index_says(tree: Tree, *entries: IndexEntry, only: Callable[[str], bool] = lambda _: True) -> None:
    """The documents under the names that clients know, listing these entries; nothing of it is signed."""
    for document in IndexState.empty(Subdir.NOARCH).including(entries).documents():
        if only(document.key):
            tree.write(document.key, document.body)


def signatures_stripped(tree: Tree) -> None:
    entry = evil(tree)
    index_says(tree, replace(entry, record=replace(entry.record, attestations_sha256=None)))
    shutil.rmtree(tree.folder / "tuf")
    for sidecar in tree.folder.glob("noarch/*.sigs*"):
        sidecar.unlink()


def record_altered(tree: Tree) -> None:
    index_says(tree, evil(tree))


def shard_alone_altered(tree: Tree) -> None:
    index_says(tree, evil(tree), only=lambda key: "shard" in key)


def package_replaced(tree: Tree) -> None:
    evil(tree)


def sidecar_replaced(tree: Tree) -> None:
    where = tree.one("noarch/data-1.0-0.conda.sigs.?*")
    tree.write(where, publishing().attest("data-1.0-0.conda", hashlib.sha256(tree.read(DATA)).hexdigest()))


def rolled_back(tree: Tree) -> None:
    """The channel as it was before `later` came, every signature of then included."""
    tree.states[Subdir.NOARCH] = tree.states[Subdir.NOARCH].without([Filename.parse("later-1.0-0.conda")])
    tree.generation = None
    tree.commit(TODAY - 2 * DAYS)


def frozen(tree: Tree) -> None:
    """The channel stands still: its last timestamp has run out."""
    tree.commit(TODAY - 8 * DAYS)


def mixed_and_matched(tree: Tree) -> None:
    tree.write("tuf/2.targets.json", tree.read("tuf/1.targets.json"))


def root_swapped(tree: Tree) -> None:
    """A whole channel of the attacker's own, complete with its root."""
    other = Tree(tree.folder.parent / f"{tree.folder.name}-evil")
    other.publish("data", "tool")
    shutil.copytree(other.folder, tree.folder, dirs_exist_ok=True)


def next_root_forged(tree: Tree) -> None:
    """A second root that names the attacker's keys, signed with those."""
    root, online = new_key(), new_key()
    change = RootChange(admit=(online.public_key_pem,), holders=(root.public_key_pem,))
    forged = countersigned(drafted(tree.root, change, TODAY + YEAR), None, root)
    tree.write("tuf/2.root.json", forged)


def another_channel_put_in_its_place(tree: Tree) -> None:
    """An honest channel of the same owner, with keys of its own: the test channel for the real one."""
    other = honest(tree.folder.parent / f"{tree.folder.name}-other", "https://conda.acme.example/other")
    shutil.rmtree(tree.folder)
    shutil.copytree(other.folder, tree.folder)


def json_that_says_two_things(tree: Tree) -> None:
    body = tree.read(layout.TIMESTAMP)
    tree.write(layout.TIMESTAMP, body.replace(b'"version":2,', b'"version":9,"version":2,', 1))


def document_oversize(tree: Tree) -> None:
    tree.write(layout.TIMESTAMP, tree.read(layout.TIMESTAMP) + b" " * (8 << 20))


def document_truncated(tree: Tree) -> None:
    tree.write("tuf/2.targets.json", tree.read("tuf/2.targets.json")[:-40])


def signed_index_missing(tree: Tree) -> None:
    for path in (*tree.folder.glob("noarch/*.repodata*"), *tree.folder.glob("noarch/shards/*")):
        path.unlink()


def attested_by_somebody_else(tree: Tree) -> None:
    """Beyond the bucket: whoever holds the online key still cannot vouch for a package."""
    mine, tree.publishing = tree.publishing, Publishing(publishing().publisher, tree.publishing.trusted_root)
    entry = tree.place("data", Subdir.NOARCH)
    tree.publishing = mine
    tree.states[Subdir.NOARCH] = IndexState.empty(Subdir.NOARCH).including([entry])
    tree.commit(TODAY)


ATTACKS = (
    signatures_stripped, record_altered, shard_alone_altered, package_replaced, sidecar_replaced, rolled_back, frozen,
    mixed_and_matched, root_swapped, next_root_forged, another_channel_put_in_its_place, json_that_says_two_things,
    document_oversize, document_truncated, signed_index_missing, attested_by_somebody_else,
)  # fmt: skip
