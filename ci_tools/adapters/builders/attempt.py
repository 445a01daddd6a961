"""One try at building an output: its folder, its log, and what becomes of it."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.builders import collected
from ci_tools.adapters.builders.folder_index import index
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import Built, Failed, PlannedOutput
from ci_tools.ports import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

# What conda-build takes as the path of its root: a space in it ends up in shebangs, and scripts do not quote.
PLAIN = re.compile(r"[A-Za-z0-9._/+~@-]+")
# conda takes these for the end of a channel's URL wherever they stand, as in `/linux-64-words`.
TAKEN = re.compile("|".join(f"/{subdir}" for subdir in Subdir))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An output that is being built in `folder`; `log` lies below `workspace.collected`.

    `names` says what the kept log calls further folders of this machine.
    """

    output: PlannedOutput
    subdir: Subdir  # of the machine
    workspace: Workspace
    folder: Path
    log: Path
    names: Mapping[Path, str] = field(default_factory=dict)

    def built(self, made: Path, backend: str, seconds: float) -> Built:
        """`made` is what was asked for: it is moved to `collected`, which is indexed."""
        package = collected.take(made, self.workspace.collected / self.output.subdir)
        index(self.workspace.collected)
        log = self._settled_log()
        if not self.workspace.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return Built(
            filename=Filename.parse(package.name), subdir=self.output.subdir,
            path=package.relative_to(self.workspace.collected).as_posix(), sha256=collected.sha256(package),
            size=package.stat().st_size, input_hash=self.output.input_hash, seconds=seconds, log=log, backend=backend,
        )  # fmt: skip

    def failed(self, because: str, seconds: float) -> Failed:
        """Nothing is collected under the planned name. The folder stays, for whoever looks for the reason."""
        stale = self.workspace.collected / self.output.subdir / str(self.output.filename)
        if stale.exists():
            stale.unlink()
            index(self.workspace.collected)
        log = self._settled_log()
        return Failed(
            filename=self.output.filename, subdir=self.output.subdir, because=because, log=log,
            tail=collected.tail(self.log), seconds=seconds,
        )  # fmt: skip

    def _settled_log(self) -> str:
        """The log as plain text that names no folder of this machine; its path below `collected`."""
        w = self.workspace
        own = {self.folder: "$WORK", w.scratch: "$SCRATCH", w.collected: "$COLLECTED", w.repository: "."}
        collected.settle(self.log, own | dict(self.names))
        return self.log.relative_to(w.collected).as_posix()


def work_folder(output: PlannedOutput, workspace: Workspace) -> Path:
    """Where the output is built."""
    digest = hashlib.sha256(f"{output.subdir}/{output.filename}".encode()).hexdigest()
    return workspace.scratch / f"{output.filename.dist.name[:16]}-{digest[:8]}"


def begun(
    output: PlannedOutput, subdir: Subdir, workspace: Workspace, names: Mapping[Path, str] | None = None
) -> Attempt:
    """A try in an empty folder. Its name is short, for prefixes have 255 bytes."""
    folder = work_folder(output, workspace)
    log = workspace.collected / "logs" / output.subdir / f"{output.filename.dist}.log"
    shutil.rmtree(folder, ignore_errors=True)
    for path in (folder, log.parent):
        path.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    return Attempt(output=output, subdir=subdir, workspace=workspace, folder=folder, log=log, names=names or {})


@contextmanager
def plain(folder: Path) -> Iterator[Path]:
    """A folder that every program can work in: `folder`, or a passing one where its path is not plain."""
    if PLAIN.fullmatch(str(folder)) and not TAKEN.search(str(folder)):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="channel-", ignore_cleanup_errors=True) as passing:
        yield Path(passing)
