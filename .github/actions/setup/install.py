"""Install `channel` into an environment of its own, from the lock and the code beside this action, and put it on PATH.

Only hashes that the lock names are installed; nothing comes from a cache, for the jobs that sign use this, too.
Back ends that micromamba has made environments for are linked beside it: no other program of theirs comes on PATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

BACKENDS = ("conda-build", "boa")
TOOL = Path(__file__).resolve().parents[3]


def main() -> None:
    """The whole of it."""
    folder = Path(os.environ["RUNNER_TEMP"]) / "channel-tool"
    venv.create(folder, with_pip=True)
    pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, "--require-hashes", "-r", str(TOOL / "requirements.lock")), check=True)
    subprocess.run((*pip, "--no-deps", "--no-build-isolation", str(TOOL)), check=True)
    _link_backends(folder / "bin")
    with Path(os.environ["GITHUB_PATH"]).open("a", encoding="utf-8") as path:
        path.write(f"{folder / 'bin'}\n")
    sys.stderr.write(f"channel is in {folder / 'bin'}\n")


def _link_backends(to: Path) -> None:
    for program in BACKENDS:
        found = Path(os.environ["RUNNER_TEMP"]) / "micromamba" / "envs" / f"channelsmith-{program}" / "bin" / program
        if found.exists():
            (to / program).symlink_to(found)


if __name__ == "__main__":
    main()
