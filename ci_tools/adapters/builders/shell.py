"""A shell in the environment of a build that failed, as its script saw it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ci_tools.adapters import process
from ci_tools.adapters.builders.attempt import work_folder
from ci_tools.adapters.machine import SYSTEM_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_tools.core.plan import PlannedOutput
    from ci_tools.ports import Workspace

# What the back ends leave beside the sources: rattler-build, conda-build and boa.
SETUPS = ("build_env.sh", "build_env_setup.sh")
DAY = 86400.0  # seconds


def enter(output: PlannedOutput, workspace: Workspace, env: Mapping[str, str]) -> bool:
    """Hand the terminal to a shell there until it ends; False where the build never came so far."""
    folder = work_folder(output, workspace)
    found = sorted((path for name in SETUPS for path in folder.rglob(name)), key=lambda path: path.stat().st_mtime)
    if not found:
        return False
    process.converse(_command(found[-1], folder, env))
    return True


def _command(setup: Path, folder: Path, env: Mapping[str, str]) -> process.Command:
    start = folder / "shell.rc"
    start.write_text(
        f"source {shlex.quote(str(setup))}\ncd {shlex.quote(str(setup.parent))}\nPS1='(failed build) \\w\\$ '\n",
        encoding="utf-8",
    )
    told = process.narrowed(env, path=SYSTEM_PATH) | {"TERM": env.get("TERM", "dumb"), "HOME": str(folder / "home")}
    return process.Command(
        argv=("bash", "--noprofile", "--rcfile", str(start), "-i"), cwd=setup.parent, env=told, timeout=DAY
    )  # fmt: skip
