"""`channel keys rotate | revoke | sign-root | make` as people type them, each at their machine."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from test_trust_cli import YAML

from ci_tools.cli import answer

if TYPE_CHECKING:
    from pathlib import Path

TO = "file:.keys/online-2.pem"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "channel.yaml").write_text(YAML)
    assert channel(tmp_path, "keys", "init") == 0
    return tmp_path


def channel(folder: Path, *argv: str) -> int:
    return answer([*argv, "--config", str(folder / "channel.yaml")], {})


def roots(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".keys/public").glob("*root*json") if path.name[0].isdigit())


def test_the_online_key_is_rotated_by_two_commands_and_a_line_of_channel_yaml(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert channel(folder, "keys", "list", "--json") == 0
    old = json.loads(capsys.readouterr().out)["fingerprints"]["online"]
    assert channel(folder, "keys", "rotate", "online", "--to", TO) == 0
    assert "root 2 is in force" in capsys.readouterr().err
    assert channel(folder, "keys", "rotate", "online", "--to", TO) == 0
    assert "nothing to do" in capsys.readouterr().err
    (folder / "channel.yaml").write_text(f"{YAML}trust: {{online: '{TO}'}}\n")
    assert channel(folder, "keys", "revoke", old[:16]) == 0
    shown = capsys.readouterr()
    assert "root 3 is in force" in shown.err
    assert old[:16] not in shown.out
    assert roots(folder) == ["1.root.json", "2.root.json", "3.root.json"]
    assert (folder / ".channel/tuf/3.root.json").read_bytes() == (folder / ".keys/public/3.root.json").read_bytes()
    assert channel(folder, "keys", "init") == 0


def test_an_offline_root_is_signed_by_two_of_three_at_their_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machines = {name: tmp_path / name for name in ("owner", "ada", "bob", "eve")}
    for name, machine in machines.items():
        machine.mkdir()
        (machine / "channel.yaml").write_text(YAML)
        if name != "owner":
            capsys.readouterr()
            assert channel(machine, "keys", "make", "file:safe/root.pem") == 0
            (machines["owner"] / f"{name}.pub.pem").write_text(capsys.readouterr().out)
    owner = machines["owner"]
    holders = [word for name in ("ada", "bob", "eve") for word in ("--holder", str(owner / f"{name}.pub.pem"))]
    assert channel(owner, "keys", "init", *holders, "--threshold", "2") == 0
    sent = owner / "root.draft.json"
    shutil.copy(owner / ".keys/public/root.draft.json", sent)
    assert channel(owner, "keys", "publish-root", str(sent)) == 5
    for name in ("ada", "eve"):
        shutil.copy(sent, machines[name] / "root.draft.json")
        argv = ("keys", "sign-root", str(machines[name] / "root.draft.json"), "--key", "file:safe/root.pem")
        assert channel(machines[name], *argv) == 0
        shutil.copy(machines[name] / "root.draft.json", sent)
    assert channel(machines["bob"], "keys", "sign-root", str(sent), "--key", "file:safe/root.pem", "--dry-run") == 0
    capsys.readouterr()
    assert channel(owner, "keys", "publish-root", str(sent)) == 0
    shown = capsys.readouterr()
    assert "2 of 3 root keys must sign" in shown.out
    assert roots(owner) == ["1.root.json"]
    assert not (owner / ".keys/public/root.draft.json").exists()
    assert channel(owner, "keys", "init") == 0


def test_a_dry_run_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert channel(folder, "keys", "rotate", "online", "--to", TO, "--dry-run") == 0
    assert channel(folder, "keys", "rotate", "publisher", "--to", "file:.keys/p2.pem", "--dry-run") == 0
    assert channel(folder, "keys", "rotate", "ca", "--to", "file:.keys/ca2.pem", "--dry-run") == 0
    assert capsys.readouterr().err.count("this was a dry run") == 3
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("rotate", "online"), 2, "give one --to URI"),
        (("rotate", "ca"), 2, "where shall the new ca key be?"),
        (("rotate", "publisher", "--threshold", "2"), 2, "has no holders and no threshold"),
        (("rotate", "root", "--threshold", "3"), 5, "3 of 1 root keys can never sign"),
        (("revoke", "ffffffff"), 5, "no online keys of the root begin with ffffffff"),
        (("sign-root",), 2, "name the draft"),
        (("rotate", "root", "--key", "file:none.pem"), 2, "name the key that you hold"),
        (("make", "ftp:x"), 2, "file:<path>"),
    ],
)
def test_a_clumsy_hand_is_told_what_to_write(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, says: str
) -> None:
    assert channel(folder, "keys", *argv) == code
    assert says in capsys.readouterr().err
