"""Runs one program and outlives it by a moment, so that nothing the program started outlives it at all.

Started by process.py as a script of its own: `python -I -S warden.py PROGRAM ARGUMENT...`, and imports nothing
of ours. It ends the whole tree when the program ends, when it is asked to (SIGTERM, SIGINT), and when its stdin is
closed: whoever started it has then died. On Linux it is the subreaper (prctl(2)) of everything below it, so that
neither setsid nor a double fork leads out; elsewhere the process group is what it can reach.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
STOPPED = 128 + signal.SIGTERM  # what a shell says of a program that was ended
NOT_FOUND = 127
PATIENCE = 3.0  # seconds; what has not died of SIGKILL by then is another user's, or stuck in the kernel
LINUX = sys.platform == "linux"


def main(argv: list[str]) -> int:
    """The program's exit code, as a shell would say it, once its whole tree is gone."""
    if LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    program = start(argv)
    code = watch(program, woken)
    end_tree(program)
    return code


def start(argv: list[str]) -> int:
    """The process id of the program, in a process group of its own, with nothing to read."""
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 (no shell is the point)
    except OSError as exc:
        os.write(2, f"{argv[0]}: {exc.strerror}\n".encode())
        os._exit(NOT_FOUND)


def watch(program: int, woken: int) -> int:
    """The exit code of the program, or STOPPED where it is to be ended first."""
    while True:
        for pid, status in reaped():
            if pid == program:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        ready, _, _ = select.select([woken, 0], [], [])
        if 0 in ready or {signal.SIGTERM, signal.SIGINT} & set(os.read(woken, 512)):
            return STOPPED


def reaped() -> list[tuple[int, int]]:
    """The children that have ended since the last call, with their status."""
    ended = []
    with suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(child)
    return ended


def end_tree(program: int) -> None:
    """Kill everything below; frozen first, for what is frozen cannot fork away.

    Whatever dies below a subreaper becomes its child in the end, so that no child left means nothing left.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while childful() and LINUX and time.monotonic() < deadline:
        frozen: set[int] = set()
        while fresh := descendants() - frozen:
            deliver(signal.SIGSTOP, fresh)
            frozen |= fresh
        deliver(signal.SIGKILL, frozen)
        time.sleep(0.001)


def childful() -> bool:
    """Whether there is a child that has not ended yet."""
    reaped()
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def deliver(number: int, pids: set[int]) -> None:
    """Send the signal to each that is still there; another user's (a setuid program) is out of reach."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def descendants() -> set[int]:
    """Everything below this process, dead ones included that nobody has waited for (proc(5): pid, comm, state, ppid).

    A process whose first thread has ended counts as dead there while its others run, so that says nothing.
    """
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 (pathlib is half of the start-up time)
        with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 (the same)
            parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    below, fresh = set[int](), {os.getpid()}
    while fresh := {pid for pid, parent in parents.items() if parent in fresh}:
        below |= fresh
    return below


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
