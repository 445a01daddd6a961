"""conda-index as a program over a folder of packages: a second opinion of what their records are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.pantry import FolderPantry
from ci_tools.adapters.process import Command, capture, narrowed
from ci_tools.core.layout import REPODATA
from ci_tools.core.package import Subdir
from ci_tools.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

PROGRAM = "conda-index"
PATIENCE = 6 * 3600.0  # seconds; a large channel takes it hours
SHOWN = 4000  # characters of what it said


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaIndex:
    """The program on the PATH of `env`; `folder` is where packages are mirrored, a fresh one where it is empty."""

    env: Mapping[str, str]
    folder: Path

    @classmethod
    def found(cls, env: Mapping[str, str]) -> CondaIndex:
        """The program, and a new folder for its packages; UsageError where it is not installed."""
        if shutil.which(PROGRAM, path=env.get("PATH", os.defpath)) is None:
            hint = "it needs conda: install both in an environment of their own, and put its bin/ on PATH"
            raise UsageError(f"there is no `{PROGRAM}` on PATH", hint=hint)
        return cls(env=env, folder=Path(tempfile.mkdtemp(prefix="channel-conda-index-")))

    def take(self, key: str, chunks: Iterable[bytes], sha256: str) -> None:
        FolderPantry(root=self.folder).take(key, chunks, sha256)

    def index(self) -> Mapping[Subdir, bytes]:
        (self.folder / Subdir.NOARCH).mkdir(exist_ok=True)
        argv = (PROGRAM, "--threads", "1", "--no-rss", str(self.folder))
        ended = capture(Command(argv=argv, cwd=self.folder, env=narrowed(self.env), timeout=PATIENCE, merged=True))
        if ended.returncode or ended.timed_out:
            said = ended.stdout.decode("utf-8", "replace")[-SHOWN:]
            raise StoreError(f"`{PROGRAM}` failed", hint="-v shows what it said", detail=said)
        found = {subdir: self.folder / subdir / REPODATA for subdir in Subdir}
        return {subdir: path.read_bytes() for subdir, path in found.items() if path.is_file()}

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
