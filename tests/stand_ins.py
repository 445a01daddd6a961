"""Environments that look like those of conda-build and boa, with the stand-in (stand_in_program.py) for a Python."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from ci_tools.adapters.machine import subdir

HERE = Path(__file__).parent
VERSIONS = {"conda-build": "26.7.1", "boa": "0.17.0"}


def stand_in(prefix: Path, program: str) -> Path:
    """An environment `prefix` in which `bin/python -m conda build …` is answered by the stand-in."""
    for folder in ("bin", "conda-meta"):
        (prefix / folder).mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    version = f"{VERSIONS[program]}+stand.in"
    record = {"name": program, "version": version}
    (prefix / "conda-meta" / f"{program}-{version}-0.json").write_text(json.dumps(record))
    paths = ":".join(map(str, (HERE, HERE.parent)))
    python = prefix / "bin" / "python"
    words = (sys.executable, str(HERE / "stand_in_program.py"))
    python.write_text(
        "#!/bin/sh\n"
        f'PYTHONPATH={shlex.quote(paths)} STAND_IN_SUBDIR={subdir()} exec {shlex.join(words)} "$@"\n'
    )  # fmt: skip
    python.chmod(0o755)
    return prefix
