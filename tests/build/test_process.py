"""Nothing that was started outlives the call, and nothing it was not given reaches it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters import process
from ci_tools.adapters.bounded_log import LOG_END
from ci_tools.adapters.process import Command
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Leaves the session and the process group, and has no parent any more: the hardest thing to find again.
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
time.sleep(float(sys.argv[2]))
"""


def command(tmp_path: Path, *argv: str, timeout: float = 20.0, env: dict[str, str] | None = None) -> Command:
    return Command(argv=argv, cwd=tmp_path, env=env or process.narrowed(os.environ), timeout=timeout)


def daemon(tmp_path: Path, seconds: float, timeout: float) -> Command:
    return command(tmp_path, sys.executable, "-c", DAEMON, str(tmp_path / "pid"), str(seconds), timeout=timeout)


def alive(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans back to us (subreaper)")


@linux
def test_a_timeout_ends_even_what_left_the_session(tmp_path: Path) -> None:
    ended = process.record(daemon(tmp_path, seconds=60, timeout=1.0), tmp_path / "log")
    assert ended.timed_out
    assert ended.seconds < 5
    assert not alive(tmp_path / "pid")


@linux
def test_a_program_that_ends_leaves_no_daemon_behind(tmp_path: Path) -> None:
    ended = process.record(daemon(tmp_path, seconds=0.3, timeout=20), tmp_path / "log")
    assert (ended.returncode, ended.timed_out) == (0, False)
    assert ended.seconds < 5
    assert not alive(tmp_path / "pid")


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_us_ends_the_tree(tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import os, sys; from pathlib import Path; from ci_tools.adapters import process\n"
        "folder = Path(sys.argv[1])\n"
        f"argv = (sys.executable, '-c', {DAEMON!r}, str(folder / 'pid'), '60')\n"
        "process.record(process.Command(argv=argv, cwd=folder, env=dict(os.environ), timeout=60), folder / 'log')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=subprocess.DEVNULL) as ours:
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
        ours.send_signal(number)
        ours.wait(10)
    wait_for(lambda: not alive(tmp_path / "pid"))


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_timeout_of_a_trusted_program_ends_its_group(tmp_path: Path) -> None:
    ended = process.capture(command(tmp_path, "sh", "-c", "echo before; sleep 60 & wait", timeout=0.5))
    assert (ended.timed_out, ended.stdout) == (True, b"before\n")
    assert ended.returncode == -signal.SIGTERM


def test_a_program_alongside_ends_with_the_block(tmp_path: Path) -> None:
    with process.alongside(command(tmp_path, "sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60 & wait")):
        wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    assert not alive(tmp_path / "pid")


def test_what_a_program_says_and_returns_is_handed_back(tmp_path: Path) -> None:
    ended = process.capture(command(tmp_path, "sh", "-c", "cat; echo oh >&2; exit 3"), stdin=b"in")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, b"in", b"oh\n")


def test_an_exit_code_passes_the_warden(tmp_path: Path) -> None:
    ended = process.record(command(tmp_path, "sh", "-c", "echo said; echo oh >&2; exit 3"), tmp_path / "log")
    assert ended.returncode == 3
    assert (tmp_path / "log").read_text() == "said\noh\n"


def test_a_death_by_signal_is_not_a_success(tmp_path: Path) -> None:
    ended = process.record(command(tmp_path, "sh", "-c", "kill -SEGV $$"), tmp_path / "log")
    assert ended.returncode == 128 + signal.SIGSEGV


def test_a_long_log_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    loud = "echo begin; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end"
    process.record(command(tmp_path, "sh", "-c", loud), tmp_path / "log", limit=1000)
    text = (tmp_path / "log").read_text()
    assert text.startswith("begin\nx")
    assert text.endswith("x\nend\n")
    assert "bytes are left out ...]" in text
    assert len(text) < 1000 + LOG_END + 100


def test_a_missing_program_is_named_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        process.capture(command(tmp_path, "no-such-program"))
    assert "`no-such-program`" in str(caught.value)
    assert "PATH" in caught.value.problems[0].hint


def test_only_allowed_names_are_handed_on() -> None:
    env = {"AWS_SECRET_ACCESS_KEY": "s", "CHANNEL_TOKEN": "s", "GITHUB_TOKEN": "s", "SSH_AUTH_SOCK": "s", "TZ": "UTC"}
    assert process.narrowed(env, path="/bin") == {"TZ": "UTC", "PATH": "/bin"}


def test_a_proxy_is_handed_on_unless_it_carries_a_password() -> None:
    env = {"HTTPS_PROXY": "http://proxy.example:3128", "http_proxy": "http://me:secret@proxy.example"}
    assert process.narrowed(env, path="/bin") == {"HTTPS_PROXY": "http://proxy.example:3128", "PATH": "/bin"}


def test_a_program_is_ended_when_somebody_objects(tmp_path: Path) -> None:
    started = time.monotonic()
    due = started + 0.5
    command = process.Command(argv=("sleep", "60"), cwd=tmp_path, env={"PATH": os.defpath}, timeout=50.0)
    ended = process.record(
        command, tmp_path / "log", objection=lambda: "it is late" if time.monotonic() > due else ""
    )  # fmt: skip
    assert (ended.stopped, ended.timed_out) == ("it is late", False)
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_a_gigabyte_of_output_is_kept_in_a_few_megabytes(tmp_path: Path) -> None:
    script = "head -c 1000000000 /dev/zero | tr '\\0' x | fold -w 999; echo; echo last words"
    command = process.Command(argv=("sh", "-c", script), cwd=tmp_path, env={"PATH": os.defpath}, timeout=200.0)
    ended = process.record(command, tmp_path / "log")
    assert ended.returncode == 0
    assert (tmp_path / "log").stat().st_size < 9 * 2**20
    assert (tmp_path / "log").read_text().endswith("last words\n")


@pytest.mark.skipif(not process.confines(), reason="this system does not let us confine a program")
def test_a_confined_program_writes_where_it_may_and_nowhere_else(tmp_path: Path) -> None:
    for name in ("room", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "read").write_text("seen\n")
    script = "cat other/read; echo > room/free; echo > other/no; echo > /tmp/own; mount -o remount,rw /; ls /tmp/own"
    confined = process.Confinement(
        writable=(tmp_path / "room",), visible=(tmp_path,), tmp=tmp_path / "room" / "shared", network=False
    )  # fmt: skip
    command = process.Command(
        argv=("sh", "-c", script), cwd=tmp_path, env={"PATH": os.defpath}, timeout=20.0, confined=confined
    )  # fmt: skip
    process.record(command, tmp_path / "log")
    said = (tmp_path / "log").read_text()
    assert "seen" in said
    assert "Read-only file system" in said
    assert "/tmp/own\n" in said  # noqa: S108 (what the program calls so is another folder)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["read"]
    assert (tmp_path / "room" / "free").is_file()
    assert not os.path.exists("/tmp/own")  # noqa: PTH110, S108 (what the program calls so is another folder)
