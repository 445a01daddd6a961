"""Runs one program where it can write nothing but the folders it was given: Linux namespaces, without being root.

Started by process.py as a script of its own, between the warden and the program, and imports nothing of ours:
`python -I -S confine.py '{"writable": […], "visible": […], "tmp": FOLDER, "network": true}' PROGRAM ARGUMENT...`.
Everything else is read-only (mount_setattr(2), Linux 5.12); /tmp, /var/tmp and /dev/shm are folders below `tmp`, with
what of `writable` and `visible` lies below them put back into its place. Without a network there is a loopback alone.
It is a rail, not a wall: what is not written cannot be spoilt by mistake, but the kernel is shared.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys

NEWNS, NEWUSER, NEWNET = 0x00020000, 0x10000000, 0x40000000  # linux/sched.h
BIND, REC, PRIVATE = 0x1000, 0x4000, 1 << 18  # linux/mount.h
READ_ONLY, RECURSIVE, AT_FDCWD = 0x1, 0x8000, -100  # linux/mount.h, linux/fcntl.h
MOUNT_SETATTR = 442  # the number of the call, the same on every architecture
CAPBSET_DROP, NO_NEW_PRIVS, SYS_ADMIN, NET_ADMIN = 24, 38, 21, 12  # linux/prctl.h, linux/capability.h
SET_FLAGS, UP = 0x8914, 0x1  # linux/sockios.h, linux/if.h
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 (what every program of the machine can write)
IMPOSSIBLE = 125  # as env(1) and docker(1) say: the program was not started

libc = ctypes.CDLL(None, use_errno=True)


def main(said: str, argv: list[str]) -> None:
    """Never returns; exits with IMPOSSIBLE where this system does not let us."""
    asked = json.loads(said)
    here = os.getcwd()  # noqa: PTH109 (pathlib is half of the start-up time)
    try:
        enter(network=asked["network"])
        close(asked["writable"], asked["visible"], asked["tmp"])
        os.chdir(here)  # the old one is below the mounts that were made since
    except OSError as exc:
        os.write(2, f"this system cannot confine a build: {exc}\n".encode())
        os._exit(IMPOSSIBLE)
    for capability in (SYS_ADMIN, NET_ADMIN):  # what could undo it
        libc.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 (no shell is the point)
    except OSError as exc:
        os.write(2, f"{argv[0]}: {exc.strerror}\n".encode())
        os._exit(127)


def enter(*, network: bool) -> None:
    """New namespaces; as the same user, seen from inside and from outside."""
    wanted = NEWNS | (0 if network else NEWNET)
    user, group = os.geteuid(), os.getegid()
    if user or libc.unshare(wanted):
        checked(libc.unshare(NEWUSER | wanted), "unshare")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 (the same)
                file.write(text)
    if not network:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14s", b"lo", UP, b""))


def close(writable: list[str], visible: list[str], tmp: str) -> None:
    """Make everything read-only but `writable`, and give it shared folders of its own."""
    mount(None, "/", REC | PRIVATE)
    for path in writable:
        mount(path, path, BIND | REC)
    attribute("/", READ_ONLY, 0, RECURSIVE)
    for path in writable:
        attribute(path, 0, READ_ONLY, RECURSIVE)
    kept = {path: os.open(path, os.O_PATH) for path in sorted({*writable, *visible})}
    for shared in SHARED:
        own = os.path.join(tmp, shared.strip("/").replace("/", "-"))  # noqa: PTH118 (the same)
        if os.path.isdir(shared) and not os.path.islink(shared):  # noqa: PTH112, PTH114 (the same)
            os.makedirs(own, exist_ok=True)  # noqa: PTH103 (the same)
            mount(own, shared, BIND)
            restore(kept, shared)


def restore(kept: dict[str, int], shared: str) -> None:
    """Put what lies below a shared folder back into its place there."""
    for path, opened in kept.items():
        if path.startswith(shared + "/"):
            os.makedirs(path, exist_ok=True)  # noqa: PTH103 (the same)
            mount(f"/proc/self/fd/{opened}", path, BIND | REC)


def mount(source: str | None, target: str, flags: int) -> None:
    """Like the system call of that name."""
    origin = os.fsencode(source) if source else None
    checked(libc.mount(origin, os.fsencode(target), None, ctypes.c_ulong(flags), None), f"mount {target}")


def attribute(path: str, added: int, taken: int, flags: int) -> None:
    """mount_setattr(2), which the C library does not know everywhere."""
    attributes = struct.pack("QQQQ", added, taken, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    called = (ctypes.c_long(MOUNT_SETATTR), AT_FDCWD, os.fsencode(path), ctypes.c_uint(flags), attributes, size)
    checked(libc.syscall(*called), f"mount_setattr {path}")


def checked(returned: int, what: str) -> None:
    """OSError where the call failed."""
    if returned:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
