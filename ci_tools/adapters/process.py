"""The only door to other programs: argv, an explicit environment, a bound on time, and nothing left behind."""

from __future__ import annotations

import json
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
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ci_tools.adapters.bounded_log import BoundedLog
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOG_LIMIT = 8 * 2**20  # bytes; the beginning of a log that is kept
GRACE = 5.0  # seconds between asking and killing
POLL = 0.2  # seconds; how soon the end of a program is seen whose grandchild still holds its output
CHUNK = 2**16

# What a program may know of this machine. No credential has one of these names.
KEPT = ("LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SDKROOT", "DEVELOPER_DIR")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a program is kept to by namespaces (confine.py): it writes below `writable` alone.

    /tmp and the like are folders below `tmp`; `visible` is what it must see of the real ones. Absolute paths.
    """

    writable: tuple[Path, ...]
    visible: tuple[Path, ...]
    tmp: Path
    network: bool


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
    confined: Confinement | None = None  # by `record` alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended. `returncode` is minus the signal where one ended it; `seconds` is wall time.

    `stopped` is why it was ended before its time, other than for its time.
    """

    returncode: int
    seconds: float
    timed_out: bool = False
    stopped: str = ""
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


def converse(command: Command) -> None:
    """Hand this terminal to a trusted program until it ends."""
    _require(command)
    subprocess.run(command.argv, cwd=command.cwd, env=dict(command.env), timeout=command.timeout, check=False)  # noqa: S603 (argv is a tuple, no shell)


def record(
    command: Command, log: Path, *, limit: int = LOG_LIMIT, objection: Callable[[], str] = lambda: ""
) -> Ended:  # fmt: skip
    """Run a program nobody vouches for, and write what it prints to `log`: the first `limit` bytes and the last ones.

    It is ended as soon as `objection`, asked a few times a second, gives a reason.
    It runs below a warden (warden.py), so that at its end, on timeout, on interrupt and when this process is killed,
    its whole tree is ended: on Linux also what left the session, on macOS what stayed in the process group.
    """
    started = time.monotonic()
    deadline = started + command.timeout
    warden = (*_script("warden.py"), *_confining(command), *command.argv)
    with log.open("wb") as file, _running(command, warden, stdin=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        written = BoundedLog(file, limit)
        is_over, stopped = _pump(process, written, deadline, objection)
        if not is_over:
            _end(process)
        written.finish()
    seconds = time.monotonic() - started
    return Ended(
        returncode=process.returncode, seconds=seconds, timed_out=not is_over and not stopped, stopped=stopped
    )  # fmt: skip


@cache
def confines() -> bool:
    """Whether this system lets us confine a program."""
    if sys.platform != "linux":
        return False
    with TemporaryDirectory(prefix="channel-") as folder:
        room = Path(folder)
        confined = Confinement(writable=(room,), visible=(), tmp=room, network=False)
        command = Command(argv=("true",), cwd=room, env={"PATH": os.defpath}, timeout=10.0, confined=confined)
        return record(command, room / "log").returncode == 0


def _script(name: str) -> tuple[str, ...]:
    """-I -S: they need nothing but the standard library, and start in 15 ms."""
    return (sys.executable, "-I", "-S", str(Path(__file__).with_name(name)))


def _confining(command: Command) -> tuple[str, ...]:
    confined = command.confined
    if confined is None:
        return ()
    said = {
        "writable": [str(path) for path in confined.writable], "visible": [str(path) for path in confined.visible],
        "tmp": str(confined.tmp), "network": confined.network,
    }  # fmt: skip
    return (*_script("confine.py"), json.dumps(said))


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


def _pump(
    process: subprocess.Popen[bytes], log: BoundedLog, deadline: float, objection: Callable[[], str]
) -> tuple[bool, str]:
    """Copy the output until the program ends; False where the deadline or an objection came first."""
    pipe = process.stdout
    assert pipe is not None  # noqa: S101 (it was asked for)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if reason := objection():
                return False, reason
            if not selector.select(min(left, POLL)):
                if process.poll() is not None:
                    return True, ""
            elif chunk := os.read(pipe.fileno(), CHUNK):
                log.write(chunk)
            else:
                return _ended(process, left), ""
    return False, ""


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
