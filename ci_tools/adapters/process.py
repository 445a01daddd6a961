"""The only door to other programs: argv, an explicit environment, a bound on time, and nothing left behind."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG_LIMIT = 8 * 2**20  # bytes; the beginning of a log that is kept
LOG_END = 64 * 2**10  # bytes; the end of a longer one, which says what went wrong
GRACE = 5.0  # seconds between asking and killing
POLL = 0.2  # seconds; how soon the end of a program is seen whose grandchild still holds its output
CHUNK = 2**16

# What a program may know of this machine. No credential has one of these names.
KEPT = ("LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SDKROOT", "DEVELOPER_DIR")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run. `env` is its whole environment; `timeout` is seconds of wall time.

    `merged`: what it says on stderr is kept in stdout, in the order in which it was said.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended. `returncode` is minus the signal where one ended it; `seconds` is wall time."""

    returncode: int
    seconds: float
    timed_out: bool = False
    stdout: bytes = b""
    stderr: bytes = b""


def narrowed(env: Mapping[str, str], *, path: str = "") -> dict[str, str]:
    """The part of `env` that another program may see, with `path` (default: the one in `env`) as its PATH.

    An allow-list, so that a secret nobody thought of is not handed on; a proxy with a password in it is one.
    """
    kept = {name: env[name] for name in KEPT if name in env}
    kept |= {name: env[name] for name in PROXIES if "@" not in env.get(name, "@")}
    return kept | {"PATH": path or env.get("PATH", os.defpath)}


def capture(command: Command, *, stdin: bytes = b"") -> Ended:
    """Run a program that is trusted to end its own children, and keep what it prints.

    On timeout or interrupt its process group is ended. Raises UsageError where there is no such program.
    """
    started = time.monotonic()
    stderr = subprocess.STDOUT if command.merged else subprocess.PIPE
    with _running(command, command.argv, stdin=subprocess.PIPE, stderr=stderr) as process:
        try:
            stdout, told = process.communicate(stdin, command.timeout)
            timed_out = False
        except subprocess.TimeoutExpired:
            _end(process)
            stdout, told = process.communicate()
            timed_out = True
    seconds = time.monotonic() - started
    return Ended(
        returncode=process.returncode, seconds=seconds, timed_out=timed_out, stdout=stdout, stderr=told or b""
    )  # fmt: skip


def attend(command: Command) -> Ended:
    """Run a trusted program in front of the person at this terminal, who sees what it says while it says it."""
    started = time.monotonic()
    with _running(command, command.argv, stdin=subprocess.DEVNULL, stdout=None, stderr=None) as process:
        timed_out = not _ended(process, command.timeout)
    return Ended(returncode=process.returncode, seconds=time.monotonic() - started, timed_out=timed_out)


def record(command: Command, log: Path, *, limit: int = LOG_LIMIT) -> Ended:
    """Run a program nobody vouches for, and write what it prints to `log`: the first `limit` bytes and the last ones.

    It runs below a warden (warden.py), so that at its end, on timeout, on interrupt and when this process is killed,
    its whole tree is ended: on Linux also what left the session, on macOS what stayed in the process group.
    """
    started = time.monotonic()
    deadline = started + command.timeout
    # -I -S: the warden needs nothing but the standard library, and starts in 15 ms
    warden = (sys.executable, "-I", "-S", str(Path(__file__).with_name("warden.py")), *command.argv)
    with log.open("wb") as file, _running(command, warden, stdin=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        written = _Log(file, limit)
        timed_out = not _pump(process, written, deadline)
        if timed_out:
            _end(process)
        written.finish()
    return Ended(returncode=process.returncode, seconds=time.monotonic() - started, timed_out=timed_out)


def answers(command: Command, *, patience: float) -> Iterator[bytes]:
    """Run a program of ours and yield each line it prints, until it ends.

    TimeoutError where it is silent for `patience` seconds. Its group is ended in any case; what it says on stderr is
    dropped.
    """
    quiet = subprocess.DEVNULL
    with _running(command, command.argv, stdin=quiet, stderr=quiet) as process:
        pipe, rest = process.stdout, b""
        assert pipe is not None  # noqa: S101 (it was asked for)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                if not selector.select(patience):
                    raise TimeoutError
                chunk = os.read(pipe.fileno(), CHUNK)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines


@contextmanager
def alongside(command: Command) -> Iterator[None]:
    """Run a trusted program while the block runs, and end it with its group; what it prints is dropped.

    `timeout` is the program's own business here.
    """
    quiet = subprocess.DEVNULL
    with _running(command, command.argv, stdin=quiet, stdout=quiet, stderr=quiet):
        yield


@contextmanager
def _running(
    command: Command, argv: tuple[str, ...], *, stdin: int, stderr: int | None, stdout: int | None = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    _require(command)
    process = subprocess.Popen(  # noqa: S603 (argv is a tuple, no shell)
        argv, cwd=command.cwd, env=dict(command.env), stdin=stdin, stdout=stdout, stderr=stderr,
        start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                _end(process)


def _require(command: Command) -> None:
    program = command.argv[0]
    if not shutil.which(program, path=command.env.get("PATH", os.defpath)):
        raise UsageError(f"the program `{program}` is not there", hint=f"install {program}, or put it on PATH")
    if not command.cwd.is_dir():
        raise UsageError(f"the folder `{command.cwd}` is not there", hint="it is where the program was to run")


def _pump(process: subprocess.Popen[bytes], log: _Log, deadline: float) -> bool:
    """Copy the output until the program ends; False where the deadline came first."""
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 (it was asked for)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(min(left, POLL)):
                if process.poll() is not None:
                    return True
            elif chunk := os.read(pipe.fileno(), CHUNK):
                log.write(chunk)
            else:
                return _ended(process, left)
    return False


def _ended(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Whether the program ends within `timeout` seconds."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    return process.returncode is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, then kill it; a warden that is asked kills everything below it."""
    for request in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM where only zombies are left
            os.killpg(process.pid, request)
        if _ended(process, GRACE):
            return


class _Log:
    """A file that keeps the beginning and the end of what is written to it."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file, self.left, self.dropped, self.end = file, limit, 0, b""

    def write(self, chunk: bytes) -> None:
        """Take `chunk`; what is read of the file meanwhile is its beginning."""
        head, rest = chunk[: self.left], chunk[self.left :]
        self.file.write(head)
        self.file.flush()
        self.left -= len(head)
        tail = self.end + rest
        self.end = tail[-LOG_END:]
        self.dropped += len(tail) - len(self.end)

    def finish(self) -> None:
        """Write the end, after a line that says how much is not there."""
        if self.dropped:
            self.file.write(b"\n[... %d bytes are left out ...]\n" % self.dropped)
        self.file.write(self.end)
