"""TUF's own client follows what we write; nothing of it is told how our store is laid out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from served import served
from tuf.api.exceptions import DownloadError, ExpiredMetadataError, RepositoryError
from tuf.ngclient import Updater
from tuf_channel import YEAR, new_key

from ci_tools.core import layout
from ci_tools.core.generation import Generation, TargetFile, next_generation, read_generation
from ci_tools.core.root import first_root
from ci_tools.core.root_change import RootChange, countersigned, drafted
from ci_tools.core.signing import fingerprint
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from ci_tools.adapters.signers.local_key import LocalKey

NOW = datetime.now(UTC)  # the client asks the real clock
ROOT, ONLINE = new_key(), new_key()
KEY = "noarch/repodata.json"


def write(tree: Path, number: int, body: bytes, parent: Generation | None = None, now: datetime = NOW) -> Generation:
    """Put a generation of one index document into a folder, as a publish leaves it."""
    root = first_root(ROOT, ONLINE, now, YEAR)
    target = TargetFile.of(body)
    made = next_generation(parent, number, {KEY: target}, ONLINE, now)
    files = {d.key: d.body for d in made} | {layout.FIRST_ROOT: root, layout.by_hash(KEY, target.sha256): body}
    for key, content in files.items():
        (tree / key).parent.mkdir(parents=True, exist_ok=True)
        (tree / key).write_bytes(content)
    targets, snapshot, timestamp = (document.body for document in made)
    return read_generation(root, timestamp, snapshot, targets, now)


def signed(tree: Path, parent: Generation, online: LocalKey, root: bytes) -> None:
    """The next generation, after a rotation; its document says its number."""
    number = parent.number + 1
    body = str(number).encode()
    made = next_generation(parent, number, {KEY: TargetFile.of(body)}, online, NOW)
    for key, content in [*((d.key, d.body) for d in made), (layout.by_hash(KEY, TargetFile.of(body).sha256), body)]:
        (tree / key).write_bytes(content)
    read_generation(root, made[2].body, made[1].body, made[0].body, NOW)


def updater(tree: Path, url: str, cache: Path) -> Updater:
    (cache / "targets").mkdir(parents=True, exist_ok=True)
    return Updater(
        metadata_dir=str(cache), metadata_base_url=f"{url}/tuf/", target_base_url=f"{url}/",
        target_dir=str(cache / "targets"), bootstrap=(tree / layout.FIRST_ROOT).read_bytes(),
    )  # fmt: skip


def fetch(tree: Path, url: str, cache: Path) -> bytes:
    client = updater(tree, url, cache)
    client.refresh()
    info = client.get_targetinfo(KEY)
    assert info is not None
    return Path(client.download_target(info)).read_bytes()


def test_the_client_downloads_an_index_document_of_the_present_generation(tmp_path: Path) -> None:
    tree, cache = tmp_path / "channel", tmp_path / "cache"
    with served(tree) as url:
        first = write(tree, 1, b'{"packages": {}}')
        assert fetch(tree, url, cache) == b'{"packages": {}}'
        write(tree, 3, b'{"packages": {"a": 1}}', first)  # 2 was left behind by a crash
        assert fetch(tree, url, cache) == b'{"packages": {"a": 1}}'


def test_the_client_refuses_a_rollback(tmp_path: Path) -> None:
    tree, cache = tmp_path / "channel", tmp_path / "cache"
    with served(tree) as url:
        first = write(tree, 1, b"1")
        old = (tree / layout.TIMESTAMP).read_bytes()
        write(tree, 2, b"2", first)
        fetch(tree, url, cache)
        (tree / layout.TIMESTAMP).write_bytes(old)
        with pytest.raises(RepositoryError):
            updater(tree, url, cache).refresh()


def test_the_client_refuses_a_frozen_channel(tmp_path: Path) -> None:
    tree, cache = tmp_path / "channel", tmp_path / "cache"
    write(tree, 1, b"1", now=NOW - YEAR / 4)
    with served(tree) as url, pytest.raises(ExpiredMetadataError):
        updater(tree, url, cache).refresh()


def test_the_client_refuses_other_bytes_under_a_listed_name(tmp_path: Path) -> None:
    tree, cache = tmp_path / "channel", tmp_path / "cache"
    write(tree, 1, b"good")
    (tree / layout.by_hash(KEY, TargetFile.of(b"good").sha256)).write_bytes(b"evil")
    with served(tree) as url, pytest.raises((RepositoryError, DownloadError)):
        fetch(tree, url, cache)


def test_the_client_follows_a_rotation_of_both_keys(tmp_path: Path) -> None:
    """In two roots; a client that knows only the first one goes on, and so does a new one."""
    tree, cache = tmp_path / "channel", tmp_path / "cache"
    root, online = new_key(), new_key()
    with served(tree) as url:
        first = write(tree, 1, b"1")
        assert fetch(tree, url, cache) == b"1"
        pinned = (tree / layout.FIRST_ROOT).read_bytes()
        both = RootChange(admit=(online.public_key_pem,), holders=(root.public_key_pem,))
        second = countersigned(countersigned(drafted(pinned, both, NOW + YEAR), pinned, ROOT), pinned, root)
        (tree / "tuf/2.root.json").write_bytes(second)
        assert fetch(tree, url, cache) == b"1"
        signed(tree, first, online, second)
        gone = RootChange(dismiss=(fingerprint(ONLINE),))
        third = countersigned(drafted(second, gone, NOW + YEAR), second, root)
        (tree / "tuf/3.root.json").write_bytes(third)
        assert fetch(tree, url, cache) == fetch(tree, url, tmp_path / "new") == b"2"
        with pytest.raises(TrustError):
            signed(tree, first, ONLINE, third)
        with pytest.raises(RepositoryError):
            fetch(tree, url, cache)
