"""Runs a program and writes what it took: `python measured.py OUT PROGRAM …`, CPU and wall seconds and KB as JSON.

A small process of its own: what a child of a large one is said to have used begins with its parent's memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main(out: Path, argv: list[str]) -> int:
    began = time.monotonic()
    child = os.posix_spawn(argv[0], argv, os.environ)
    _, status, used = os.wait4(child, 0)
    told = {"cpu": used.ru_utime + used.ru_stime, "wall": time.monotonic() - began, "kilobytes": used.ru_maxrss}
    out.write_text(json.dumps(told))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
