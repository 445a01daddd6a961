"""The conda plugin with real conda: every attack is stopped before anything is linked, and its honest twin installs.

Real conda comes from no registry that Python's installers know: name a Python that has it (with tuf, msgpack and a
zstandard) as CHANNELSMITH_CONDA_PYTHON, else these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attacks import (
    ATTACKS,
    DATA,
    attested_by_somebody_else,
    honest,
    package_replaced,
    record_altered,
    rolled_back,
    shard_alone_altered,
)
from publishing import TODAY
from served import served
from test_verify_lock import withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from channel_tree import Tree

PLUGIN = Path(__file__).parents[2] / "recipes/channelsmith-trust/src"
NEEDS = "import conda, tuf, msgpack; from conda.plugins.types import CondaPreTransactionAction"


@cache
def conda_python() -> str:
    python = os.environ.get("CHANNELSMITH_CONDA_PYTHON", "")
    if not python:
        return ""
    return python if subprocess.run([python, "-c", NEEDS], check=False).returncode == 0 else ""


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not conda_python(), reason="no conda here: name its Python as CHANNELSMITH_CONDA_PYTHON"),
]


@dataclass(frozen=True, slots=True)
class Client:
    """A person with conda and the plugin, who has pinned the channel's first root."""

    folder: Path
    url: str

    def protect(self, tree: Tree, **more: str) -> None:
        (self.folder / "root.json").write_bytes(tree.root)
        (self.folder / "trusted_root.json").write_bytes(tree.publishing.trusted_root)
        said = {"root": str(self.folder / "root.json"), **more}
        config = {
            "solver": "classic", "channels": [self.url], "plugins": {"channelsmith_trust": {self.url: said}},
            "show_channel_urls": False, "number_channel_notices": 0,
        }  # fmt: skip
        (self.folder / "condarc").write_text(json.dumps(config))

    def conda(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """One conda command, with an empty package cache: nothing that came before is trusted."""
        shutil.rmtree(self.folder / "pkgs", ignore_errors=True)
        shutil.rmtree(self.folder / "env", ignore_errors=True)
        places = {
            "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache"), "PATH": os.environ["PATH"],
            "CONDARC": str(self.folder / "condarc"), "CONDA_PKGS_DIRS": str(self.folder / "pkgs"),
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join((str(PLUGIN), str(entry_point(self.folder)))),
        }  # fmt: skip
        argv = [conda_python(), "-m", "conda", "create", "--yes", "--quiet", "-p", str(self.folder / "env"), *words]
        return subprocess.run(argv, env=places | env, capture_output=True, text=True, check=False, timeout=120)

    def forget(self) -> None:
        """What the plugin has seen of channels."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)

    @property
    def installed(self) -> set[str]:
        return {path.name for path in (self.folder / "env/share").glob("*")}


def entry_point(folder: Path) -> Path:
    """What an installation leaves: conda finds plugins by their metadata."""
    info = folder / "site/channelsmith_trust-1.0.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: channelsmith-trust\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[conda]\nchannelsmith-trust = channelsmith_trust.plugin\n")
    return folder / "site"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return honest(tmp_path_factory.mktemp("honest") / "channel")


@pytest.fixture
def tree(good: Tree, tmp_path: Path) -> Tree:
    return good.copied(tmp_path / "channel")


@pytest.fixture
def client(tree: Tree, tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "client").mkdir()
    with served(tree.folder) as url:
        found = Client(tmp_path / "client", url)
        found.protect(tree)
        yield found


def assert_stopped(client: Client, ended: subprocess.CompletedProcess[str]) -> None:
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0, said
    assert client.installed == set(), said
    assert any(word in said for word in ("channelsmith-trust", "ChecksumMismatchError")), said  # conda may be first


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a is not attested_by_somebody_else])
def test_the_attack_is_stopped_and_its_honest_twin_installs(
    client: Client, tree: Tree, attack: Callable[[Tree], None]
) -> None:
    twin = client.conda("data")
    assert (twin.returncode, client.installed) == (0, {"x"}), twin.stderr
    attack(tree)
    if attack is not rolled_back:  # else a client goes on with what it has verified before, and installs that
        client.forget()
    assert_stopped(client, client.conda("data"))


@pytest.mark.parametrize("attack", [package_replaced, record_altered, rolled_back])
def test_neither_an_explicit_url_nor_disabled_checks_get_around_it(
    client: Client, tree: Tree, attack: Callable[[Tree], None]
) -> None:
    for words, env in (
        ((f"{client.url}/{DATA}",), {}), (("data",), {"CONDA_SAFETY_CHECKS": "disabled"}),
        ((f"{client.url}/{DATA}",), {"CONDA_SAFETY_CHECKS": "disabled"}),
    ):  # fmt: skip
        twin = client.conda(*words, **env)
        assert (twin.returncode, client.installed) == (0, {"x"}), twin.stderr
    attack(tree)
    for words, env in (
        ((f"{client.url}/{DATA}",), {}), (("data",), {"CONDA_SAFETY_CHECKS": "disabled"}),
        ((f"{client.url}/{DATA}",), {"CONDA_SAFETY_CHECKS": "disabled"}),
    ):  # fmt: skip
        assert_stopped(client, client.conda(*words, **env))


def test_the_attack_that_conda_itself_installs_by_shards_is_stopped(client: Client, tree: Tree) -> None:
    """A solver that reads shards never looks at repodata.json: unprotected, it installs the evil package."""
    probe = [conda_python(), "-c", "import conda_rattler_solver"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("that conda has no solver that reads shards (conda-rattler-solver)")
    shards = {"CONDA_SOLVER": "rattler"}
    twin = client.conda("data", **shards)
    assert (twin.returncode, client.installed) == (0, {"x"}), twin.stderr
    shard_alone_altered(tree)
    client.forget()
    assert_stopped(client, client.conda("data", **shards))
    (client.folder / "condarc").write_text(json.dumps({"channels": [client.url]}))
    unprotected = client.conda("data", **shards)
    assert (unprotected.returncode, client.installed) == (0, {"evil"}), unprotected.stderr


def test_with_the_trusted_root_the_publisher_must_have_attested_it(tmp_path: Path) -> None:
    """Even against whoever holds the online key."""
    if subprocess.run([conda_python(), "-c", "import sigstore"], check=False, capture_output=True).returncode:
        pytest.skip("that conda has no sigstore beside it")
    (tmp_path / "client").mkdir()
    (tmp_path / "channel").mkdir()
    with served(tmp_path / "channel") as url:
        tree, client = honest(tmp_path / "channel", url), Client(tmp_path / "client", url)
        client.protect(tree, trusted_root=str(client.folder / "trusted_root.json"))
        twin = client.conda("data")
        assert (twin.returncode, client.installed) == (0, {"x"}), twin.stderr
        attested_by_somebody_else(tree)
        ended = client.conda("data")
    assert_stopped(client, ended)
    assert "no attestation vouches" in ended.stdout + ended.stderr


def test_warn_says_it_and_installs(client: Client, tree: Tree) -> None:
    client.protect(tree, mode="warn")
    record_altered(tree)
    ended = client.conda("data")
    assert (ended.returncode, client.installed) == (0, {"evil"})
    assert "warning: channelsmith-trust" in ended.stderr, ended.stdout


def test_an_edge_that_lags_and_an_old_cache_lock_nobody_out(client: Client, tree: Tree) -> None:
    old = {path: path.read_bytes() for path in tree.folder.glob("noarch/repodata*")}
    withdrawn(tree, "data-1.0-0.conda", now=TODAY)
    for path, body in old.items():
        path.write_bytes(body)  # the pointers are a generation behind
    ended = client.conda("data", "later")
    assert (ended.returncode, client.installed) == (0, {"x"}), ended.stderr


def test_other_channels_are_left_alone(client: Client, tree: Tree, tmp_path: Path) -> None:
    shutil.copytree(tree.folder, tmp_path / "other")
    shutil.rmtree(tmp_path / "other/tuf")
    with served(tmp_path / "other") as url:
        ended = client.conda("--override-channels", "-c", url, "data")
    assert (ended.returncode, client.installed) == (0, {"x"}), ended.stderr


@pytest.mark.parametrize("said", [{"mode": "enforced"}, {"rot": "x"}, {"root": ""}, {"max_age": "1 week"}])
def test_a_mistake_in_condarc_stops_too(client: Client, tree: Tree, said: dict[str, str]) -> None:
    client.protect(tree, **said)
    assert_stopped(client, client.conda("data"))


def test_a_root_that_is_not_there_stops_too(client: Client, tree: Tree) -> None:
    client.protect(tree, root=str(client.folder / "nowhere.json"))
    assert_stopped(client, client.conda("data"))
