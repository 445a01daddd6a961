"""Scripts of this folder in a process of their own: py-rattler may crash as an interpreter ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def run(script: str, *arguments: str | Path) -> str:
    """What the script writes; a failure shows what it complains of."""
    command = [sys.executable, HERE / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
