"""What this machine is: its subdir, and the programs of the system that a build can use."""

from __future__ import annotations

import getpass
import os
import platform
import shutil

from ci_tools.core.package import Subdir
from ci_tools.errors import UsageError

# Where a build finds the system's programs: the same on every machine, whatever its user has on PATH.
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

# platform.system(), platform.machine() -> CEP 26
SUBDIRS = {
    ("Linux", "x86_64"): Subdir.LINUX_64,
    ("Linux", "aarch64"): Subdir.LINUX_AARCH64,
    ("Linux", "ppc64le"): Subdir.LINUX_PPC64LE,
    ("Linux", "riscv64"): Subdir.LINUX_RISCV64,
    ("Linux", "s390x"): Subdir.LINUX_S390X,
    ("Darwin", "x86_64"): Subdir.OSX_64,
    ("Darwin", "arm64"): Subdir.OSX_ARM64,
    ("Windows", "AMD64"): Subdir.WIN_64,
    ("Windows", "ARM64"): Subdir.WIN_ARM64,
}


def subdir() -> Subdir:
    """The subdir of this machine."""
    this = (platform.system(), platform.machine())
    if this not in SUBDIRS:
        raise UsageError(f"no subdir is known for {' '.join(this)}", hint="build on Linux or macOS")
    return SUBDIRS[this]


def person() -> str:
    """Who works here: `user@machine`, for receipts."""
    try:
        return f"{getpass.getuser()}@{platform.node()}"
    except (KeyError, OSError):  # a container without a name for its user
        return f"uid {os.getuid()}@{platform.node()}"


def has(program: str) -> bool:
    """Whether a build on this machine finds `program`; one that is only on the user's own PATH does not count."""
    return shutil.which(program, path=SYSTEM_PATH) is not None


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
