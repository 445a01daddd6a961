"""`channel build NAME` and `--all-changed` build on a laptop what CI would."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from workshop import Spec, rattler_workshop

from ci_tools.cli import answer

if TYPE_CHECKING:
    from pathlib import Path

    from workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    shop = rattler_workshop(tmp_path)
    shop.root.mkdir()
    (shop.root / "channel.yaml").write_text("channel: acme\n")
    shop.write(Spec(name="words"))
    shop.write(Spec(name="reader", host=["words"], script=['cp "$PREFIX/share/words" "$PREFIX/copy"']))
    shop.write(Spec(name="other", script=["exit 9"]))
    git(shop, "init", "-q", "-b", "main")
    commit(shop)
    monkeypatch.chdir(shop.root)
    return shop


def git(shop: Workshop, *words: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *who, *words], cwd=shop.root, check=True, capture_output=True)


def commit(shop: Workshop) -> None:
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "x")


def run(*words: str) -> int:
    return answer([*words], {"PATH": os.environ["PATH"]})


@pytest.mark.usefixtures("shop")
def test_a_recipe_is_built_with_what_it_needs_of_the_repository(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("build", "reader") == 0
    built = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert [(word, name.split("-1.0-")[0]) for word, name in built] == [
        ("built", "noarch/words"), ("built", "noarch/reader"),
    ]  # fmt: skip


@pytest.mark.usefixtures("shop")
def test_a_recipe_that_nobody_knows_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("build", "reeder") == 2
    assert "did you mean `reader`?" in capsys.readouterr().err


def test_all_changed_is_what_a_pull_request_builds(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    git(shop, "switch", "-q", "-c", "topic")
    shop.write(Spec(name="words", version="2.0"))
    commit(shop)
    assert run("build", "--all-changed") == 0
    out = capsys.readouterr().out
    assert "noarch/words-2.0-" in out
    assert "other" not in out


@pytest.mark.usefixtures("shop")
def test_one_way_to_say_what_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", "words", "--all-changed") == 2
    assert "exclude each other" in capsys.readouterr().err


def test_the_folder_of_a_build_is_kept_where_asked(shop: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", "words", "--keep") == 0
    (told,) = [line for line in capsys.readouterr().err.splitlines() if " was built in " in line]
    kept = shop.root / told.partition(" was built in ")[2]
    assert list(kept.rglob("conda_build.sh"))
    assert list((shop.root / "dist").rglob("words-1.0-*.conda"))


def test_a_shell_opens_in_the_environment_of_what_failed(shop: Workshop) -> None:
    argv = [sys.executable, "-m", "ci_tools.cli", "build", "other", "--shell"]
    script = "echo name=$PKG_NAME prefix=$PREFIX here=$PWD token=$CHANNEL_TOKEN; exit\n"
    env = {"PATH": os.environ["PATH"], "CHANNEL_TOKEN": "0123456789ab-" + "0" * 40}
    ended = subprocess.run(argv, cwd=shop.root, env=env, input=script, capture_output=True, text=True, check=False)
    assert ended.returncode == 4
    (said,) = [line for line in ended.stdout.splitlines() if line.startswith("name=")]
    assert said.startswith("name=other prefix=/")
    assert "/work token=" in said
    assert said.endswith("token=")
