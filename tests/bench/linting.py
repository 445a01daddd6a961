"""How long `channel lint` looks at 640 recipes, from a process that begins to one that ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPES = 640
RECIPE = """\
schema_version: 1
context:
  version: "1.{at}"
package:
  name: part{at}
  version: ${{{{ version }}}}
source:
  url: https://example.com/part{at}/archive/v${{{{ version }}}}.tar.gz
  sha256: {digest}
  patches:
    - if: linux
      then: fix.patch
build:
  number: {number}
  script:
    - ./configure --prefix=$PREFIX
    - make -j$CPU_COUNT install
requirements:
  build:
    - ${{{{ compiler('c') }}}}
    - make
  host: [{host}]
  run_exports:
    - ${{{{ pin_subpackage('part{at}', upper_bound='x') }}}}
tests:
  - script: part{at} --version
about:
  license: MIT
  license_file: LICENSE
  summary: Part {at} of a large repository
"""


def figures() -> Iterator[Figure]:
    """The first look, and one after it when what recipes make is known already."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "repository"
        _written(root)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_CACHE_HOME": f"{folder}/cache"}
        for what in ("lint, 640 recipes, nothing known", "lint, 640 recipes, again", "lint --fix --dry-run, again"):
            options = ["--fix", "--dry-run"] if "fix" in what else []
            began = time.perf_counter()
            argv = [sys.executable, "-m", "ci_tools.cli", "lint", "--offline", *options]
            ended = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False)
            yield Figure(what=what, value=time.perf_counter() - began, unit="s")
            if f"{RECIPES} recipes" not in ended.stderr:
                raise SystemExit(ended.stderr)


def _written(root: Path) -> None:
    for at in range(RECIPES):
        folder = root / "recipes" / f"part{at}"
        folder.mkdir(parents=True)
        host = f"part{at // 2}" if at else ""
        text = RECIPE.format(at=at, digest="0" * 64, number=at % 3, host=host)
        (folder / "recipe.yaml").write_text(
            text.replace("license: MIT", "license: mit" if at % 100 == 0 else "license: MIT")
        )
        (folder / "fix.patch").write_text("--- a\n+++ b\n")
    (root / "channel.yaml").write_text("channel: acme\nsubdirs: [noarch, linux-64]\n")
    for argv in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all"]):
        subprocess.run(["git", *argv], cwd=root, check=True, capture_output=True)
