"""`channel keys` and `channel verify` as a person and a script see them."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from channel_tree import Tree
from publishing import Publishing
from served import served

from ci_tools.adapters.keystore import KeyFiles
from ci_tools.cli import answer
from ci_tools.core.attestation import Publisher
from ci_tools.core.keyset import KeyName, trust_material

if TYPE_CHECKING:
    from pathlib import Path

YAML = "channel: acme\nurl: https://conda.acme.example/acme\n"
CHANNEL = "https://conda.acme.example/acme"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with keys by the command, and a channel signed with them. Not to be altered."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "channel.yaml").write_text(YAML)
    assert answer(["keys", "init", "--config", str(folder / "channel.yaml")], {}) == 0
    files = KeyFiles({name: f"file:.keys/{name}.pem" for name in KeyName}, folder / ".keys/public", folder)
    material = trust_material(files.published)
    key, log, root, online = (
        files.signer(name) for name in (KeyName.PUBLISHER, KeyName.LOG, KeyName.ROOT, KeyName.ONLINE)
    )
    publisher = Publisher(key=key, certificate=material.certificate, log=log, channel=CHANNEL)
    tree = Tree(folder / ".channel", Publishing(publisher, material.trusted_root), root, online)
    tree.root = material.root
    tree.write("tuf/1.root.json", material.root)
    tree.publish("data", "tool")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "repository")


def channel(folder: Path, *argv: str) -> int:
    return answer([*argv, "--config", str(folder / "channel.yaml")], {})


def test_keys_init_twice_says_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "channel.yaml").write_text(YAML)
    assert channel(tmp_path, "keys", "init") == 0
    first = capsys.readouterr()
    assert first.out.count("made ") == 10
    assert "never commit the private keys" in first.err
    assert channel(tmp_path, "keys", "init") == 0
    second = capsys.readouterr()
    assert (second.out.count("made "), second.out.count("there ")) == (0, 10)
    assert "nothing to do" in second.err


def test_a_dry_run_of_keys_init_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "channel.yaml").write_text(YAML)
    assert channel(tmp_path, "keys", "init", "--dry-run") == 0
    assert channel(tmp_path, "keys", "list", "--json") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["channel.yaml"]
    assert "nothing was written" in capsys.readouterr().err


def test_keys_list_shows_no_private_half(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel(folder, "keys", "list", "--json") == 0
    out = capsys.readouterr().out
    assert set(json.loads(out)["fingerprints"]) == set(KeyName)
    assert "PRIVATE" not in out


def test_an_unreadable_key_is_an_error_of_trust(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".keys/online.pem").chmod(0o644)
    assert channel(folder, "keys", "init") == 5
    assert re.search(r"error: others may read the key .*online.pem.*\nhint: .*chmod 600", capsys.readouterr().err)


def test_one_s_own_channel_verifies_without_an_argument(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel(made, "verify") == 0
    out = capsys.readouterr().out
    assert "is at generation 1" in out
    assert "2 packages with attestations" in out
    assert out.endswith("\nholds\n")


def test_a_url_verifies_as_a_folder_does(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(made / ".channel") as url:
        assert channel(made, "verify", url, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["findings"], report["generation"], report["checked"]["packages"]) == ([], 1, 2)


def test_whoever_has_the_public_files_needs_no_repository(made: Path, tmp_path: Path) -> None:
    public = made / ".keys" / "public"
    files = ["--root", str(public / "1.root.json"), "--trusted-root", str(public / "trusted_root.json")]
    assert channel(tmp_path, "verify", str(made / ".channel"), *files) == 0


def test_a_tampered_package_ends_with_exit_5_and_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = folder / ".channel/noarch/data-1.0-0.conda"
    package.write_bytes(package.read_bytes()[:-1])
    assert channel(folder, "verify") == 5
    captured = capsys.readouterr()
    assert "problem  noarch/data-1.0-0.conda: the package is cut off" in captured.out
    assert captured.out.endswith("\ndoes not hold\n")
    assert "does not hold: 1 problem" in captured.err


def test_a_rollback_below_what_is_asked_for_is_found(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel(made, "verify", "--at-least", "7") == 5
    assert "older than 7 (rollback)" in capsys.readouterr().out


def test_a_channel_that_is_not_there_is_named(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert channel(made, "verify", str(tmp_path / "nowhere")) in {2, 5, 6}
    assert "nowhere" in "".join(capsys.readouterr())


def test_without_anything_to_believe_nothing_is_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "channel.yaml").write_text(YAML)
    assert channel(tmp_path, "verify") == 2
    assert "--trusted-root" in capsys.readouterr().err
