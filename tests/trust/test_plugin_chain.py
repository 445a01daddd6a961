"""What the conda plugin decides, without conda: each attack of the matrix, and its honest twin."""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from attacks import ATTACKS, DATA, attested_by_somebody_else, evil, honest, rolled_back
from publishing import TODAY
from test_verify_lock import withdrawn

PLUGIN = Path(__file__).parents[2] / "recipes/channelsmith-trust"
sys.path.insert(0, str(PLUGIN / "src"))
writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # a recipe's folder holds its sources, nothing else

from channelsmith_trust.chain import Anchor, Chain, ChainError, MissingError, remembered  # noqa: E402
from channelsmith_trust.judgement import Candidate, judged, require_sidecar  # noqa: E402
from channelsmith_trust.settings import Protected, SettingsError, protected_channels  # noqa: E402

sys.dont_write_bytecode = writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from channel_tree import Tree

WEEK = timedelta(days=7)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return honest(tmp_path_factory.mktemp("honest") / "channel")


@pytest.fixture
def tree(good: Tree, tmp_path: Path) -> Tree:
    return good.copied(tmp_path / "channel")


def chain(tree: Tree, state: Path, root: bytes = b"", max_age: timedelta = WEEK) -> Chain:
    def fetch(key: str) -> Iterator[bytes]:
        try:
            yield (tree.folder / key).read_bytes()
        except FileNotFoundError as exc:
            raise MissingError(f"`{key}` is missing") from exc

    return Chain(Anchor(root=root or tree.root, state=state, max_age=max_age), fetch, TODAY)


def candidate(tree: Tree, key: str = DATA, **changes: object) -> Candidate:
    """What conda is about to link: whatever is served under the name now."""
    name = key.partition("/")[2].split("-")[0]
    said = {"sha256": hashlib.sha256((tree.folder / key).read_bytes()).hexdigest(), "depends": (), **changes}
    return Candidate(key=key, name=name, version="1.0", build="0", **said)


def install(tree: Tree, state: Path, root: bytes) -> None:
    """What the plugin looks at for one package."""
    followed = chain(tree, state, root)
    require_sidecar(candidate(tree), judged(candidate(tree), followed), followed)


# Who attested is the business of `trusted_root`, which needs Sigstore beside conda.
@pytest.mark.parametrize("attack", [a for a in ATTACKS if a is not attested_by_somebody_else])
def test_the_attack_is_stopped_and_its_honest_twin_passes(
    good: Tree, tree: Tree, tmp_path: Path, attack: Callable[[Tree], None]
) -> None:
    install(tree, tmp_path / "twin", good.root)
    attack(tree)
    state = tmp_path / ("twin" if attack is rolled_back else "fresh")
    with pytest.raises((ChainError, MissingError)):
        install(tree, state, good.root)


def test_what_the_solver_was_told_must_be_what_is_signed(tree: Tree, tmp_path: Path) -> None:
    followed = chain(tree, tmp_path / "state")
    assert judged(candidate(tree), followed)
    for told in (("evil",), ("evil", "pip")):
        with pytest.raises(ChainError, match="other dependencies"):
            judged(candidate(tree, depends=told), followed)
    with pytest.raises(ChainError, match="holds data"):
        judged(Candidate(key="noarch/tool-1.0-0.conda", name="data", version="1.0", build="0", sha256="0"), followed)


@pytest.mark.parametrize("key", ["noarch/sub/data-1.0-0.conda", "data-1.0-0.conda", "noarch/data-1.0-0.zip"])
def test_odd_places_hold_no_package(tree: Tree, tmp_path: Path, key: str) -> None:
    odd = Candidate(key=key, name="data", version="1.0", build="0", sha256="0")
    with pytest.raises(ChainError):
        judged(odd, chain(tree, tmp_path / "state"))


def test_a_generation_just_replaced_is_still_good_and_an_old_one_is_not(tree: Tree, tmp_path: Path) -> None:
    package = candidate(tree)
    withdrawn(tree, "data-1.0-0.conda", now=TODAY - timedelta(hours=2))
    assert judged(package, chain(tree, tmp_path / "state"))
    with pytest.raises(ChainError, match="does not list it"):
        judged(package, chain(tree, tmp_path / "short", max_age=timedelta(hours=1)))


def test_offline_it_goes_by_what_it_has_seen(tree: Tree, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert judged(candidate(tree), chain(tree, state))
    known = Chain(Anchor(root=tree.root, state=state, max_age=WEEK), remembered(state), TODAY)
    assert judged(candidate(tree), known)
    evil(tree)
    with pytest.raises(ChainError, match="not those"):
        judged(candidate(tree), known)
    with pytest.raises(ChainError):
        Chain(Anchor(root=tree.root, state=tmp_path / "new", max_age=WEEK), remembered(tmp_path / "new"), TODAY)


def test_an_altered_cache_is_read_again(tree: Tree, tmp_path: Path) -> None:
    state = tmp_path / "state"
    judged(candidate(tree), chain(tree, state))
    for path in (state / "objects").iterdir():
        path.write_bytes(b"evil")
    assert judged(candidate(tree), chain(tree, state))


URL = "https://conda.acme.example/acme"


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}/{DATA}", f"https://conda.acme.example/t/abc-1/acme/{DATA}", f"https://me:pw@conda.acme.example/acme/{DATA}",
        f"https://CONDA.acme.example:443/acme/{DATA}", f"http://conda.acme.example/acme/{DATA}",
        f"https://conda.acme.example/%61cme/{DATA}",
    ],
)  # fmt: skip
def test_no_spelling_of_a_url_gets_around_protection(url: str) -> None:
    assert Protected(url=URL, root=Path("x")).key(url) == DATA


@pytest.mark.parametrize(
    "url", ["https://conda.acme.example/acme-2/noarch/x", "https://other.example/acme/noarch/x", ""]
)
def test_other_channels_are_not_meant(url: str) -> None:
    assert Protected(url=URL, root=Path("x")).key(url) == ""


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({}, "names no `root`"), ({"root": "x", "mode": "on"}, "mode `on`"),
        ({"root": "x", "rot": "y"}, "unknown `rot`"),
        ({"root": "x", "max_age": "1 week"}, "max_age `1 week`"),
    ],
)  # fmt: skip
def test_a_mistake_in_condarc_is_named(said: dict[str, str], word: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(word)):
        protected_channels({URL: said})
    with pytest.raises(SettingsError, match="names no URL"):
        protected_channels({"acme": {"root": "x"}})


def test_the_package_is_called_the_same_everywhere() -> None:
    recipe = yaml.safe_load((PLUGIN / "recipe.yaml").read_text())
    project = tomllib.loads((PLUGIN / "src/pyproject.toml").read_text())["project"]
    metadata = (PLUGIN / "src/dist-info/METADATA").read_text()
    version = recipe["package"]["version"]
    assert (project["name"], project["version"]) == (recipe["package"]["name"], version)
    assert f"Version: {version}\n" in metadata
    assert f"channelsmith_trust-{version}.dist-info" in str(recipe["build"]["script"])
    entry = (PLUGIN / "src/dist-info/entry_points.txt").read_text()
    assert "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["conda"].items()) in entry
