"""How the command line says that something is wrong, and with which exit code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_tools import errors
from ci_tools.cli.failures import tell
from ci_tools.cli.run import Run
from ci_tools.errors import ChannelError, ExitCode, Problem, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

CHANNEL = (sys.executable, "-m", "ci_tools.cli")
TOKEN = f"{'ab' * 6}-{'cd' * 20}"
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ChannelError)]


def test_a_wrong_word_is_answered_with_the_right_one(
    transcript: Callable[..., str], golden: Callable[..., None]
) -> None:
    golden(
        "usage_errors.txt",
        transcript(
            "confg check",
            "config chek",
            "--jsn",
            "config schema --chck",
            "--config",
            "config check --json=1",
            "config check x",
        ),
    )


def test_the_mistakes_of_a_file_come_in_its_order(
    transcript: Callable[..., str], golden: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "channel.yaml").write_text(
        "channel: Acme\nurl: https://conda.acme.example/acme/\nsubdirs: [noarch, linux-46]\n"
        "store: {kind: s3, bukket: acme-conda}\npublish: {promote: yes}\nacess: {token: 90}\n"
    )
    golden("bad_channel_yaml.txt", transcript("config check", "--config other.yaml config check"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_exit_code_is_that_of_the_kind_of_error(kind: type[ChannelError]) -> None:
    assert tell(kind("so it is"), Run(env={}), []) == kind.exit_code


def test_a_hint_that_is_shared_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell(UsageError("one", "two", hint="both"), Run(env={}), [])
    assert capsys.readouterr().err == "error: one\nerror: two\nhint: both\n"


def test_a_problem_begins_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    tell(UsageError(Problem(message="wrong", path="a.yaml", line=3, column=7)), Run(env={}), [])
    assert capsys.readouterr().err == "error: a.yaml:3:7: wrong\n"


@pytest.mark.parametrize(("verbosity", "shown"), [(0, ""), (1, "  | AccessDenied: no\n  | Request 17\n")])
def test_a_vendors_own_words_are_for_who_asks(verbosity: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(StoreError("refused", detail="AccessDenied: no\nRequest 17"), Run(env={}, verbosity=verbosity), [])
    assert capsys.readouterr().err == f"error: refused\n{shown}"


def test_what_is_shown_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(UsageError("\x1b[2J\u202ename", hint="\x07"), Run(env={}), [])
    assert capsys.readouterr().err == "error: \\x1b[2J\\u202ename\nhint: \\x07\n"


def test_github_is_told_beside_the_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    tell(UsageError(Problem(message="wrong", hint="mend it", path="a.yaml", line=3)), Run(env=env), [])
    assert "::error file=a.yaml,line=3::wrong%0Ahint: mend it\n" in capsys.readouterr().err
    assert (tmp_path / "summary").read_text().startswith("**error:** a.yaml:3: wrong")


def test_a_bug_leaves_a_report_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        {}["kept " + TOKEN]
    except KeyError as exc:
        code = tell(exc, Run(env={"SECRET": "of the environment"}), ["verify", f"http://h/t/{TOKEN}/acme"])
    said = capsys.readouterr().err
    path = Path(re.search(r"report is (\S+);", said)[1])
    report = path.read_text()
    path.unlink()
    assert code == ExitCode.BUG
    assert "a bug in channel: KeyError" in said
    assert "channel verify http://h/t/***/acme" in report
    assert "test_failures.py" in report
    assert TOKEN not in report + said
    assert "environment" not in report


def test_ctrl_c_is_130_and_one_word(tmp_path: Path) -> None:
    fifo = tmp_path / "channel.yaml"
    os.mkfifo(fifo)
    child = subprocess.Popen([*CHANNEL, "--config", str(fifo), "config", "check"], stderr=subprocess.PIPE, text=True)
    with fifo.open("w"):  # opens as soon as the child reads
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (ExitCode.INTERRUPTED, "interrupted\n")


def test_a_reader_who_has_gone_is_no_reason_to_complain() -> None:
    child = subprocess.Popen([*CHANNEL, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdout.close()
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (141, "")
