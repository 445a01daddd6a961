"""Recipes of the V1 dialect, built by the embedded rattler-build: rendered in process, built in a worker process."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rattler_build import rattler_build_version

from ci_tools.adapters import process
from ci_tools.adapters.builders import collected, v1
from ci_tools.adapters.builders.rattler_worker import Answer, Request
from ci_tools.adapters.machine import SYSTEM_PATH
from ci_tools.core.plan import Built, Failed, PlannedOutput
from ci_tools.core.recipe import Dialect, Output, Recipe

if TYPE_CHECKING:
    from ci_tools.adapters.process import Ended
    from ci_tools.core.package import Subdir
    from ci_tools.ports import Workspace

WORKER = "ci_tools.adapters.builders.rattler_worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class RattlerBuild:
    """The back end for V1 recipes of the repository at `root`.

    `env` is the environment to take the few allowed variables from; `path` is the PATH of build scripts and tests;
    `variants` is a variants file below `root` that counts for every recipe, should it be there.
    """

    root: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    path: str = SYSTEM_PATH
    variants: str = ""

    @property
    def version(self) -> str:
        return f"rattler-build {rattler_build_version()}"

    def claims(self, recipe: Recipe) -> bool:
        return recipe.dialect is Dialect.V1

    def render(self, recipe: Recipe, subdir: Subdir) -> tuple[Output, ...]:
        return tuple(r.output for r in v1.rendered(self.root, recipe, subdir, self.variants))

    def build(self, output: PlannedOutput, subdir: Subdir, workspace: Workspace) -> Built | Failed:
        """As the port says. The log is kept below `collected`, in logs/, relative to which Built names it."""
        folder, log = _fresh_folders(output, workspace)
        ended = self._run(self._request(output, subdir, workspace, folder), folder, log, workspace.timeout)
        error = _error(ended, folder / "answer.json", workspace.timeout)
        package = workspace.collected / output.subdir / str(output.filename)
        log_name = log.relative_to(workspace.collected).as_posix()
        if error or not package.is_file():
            collected.discard(package)
            names = {folder: "$WORK", workspace.scratch: "$SCRATCH", workspace.repository: "."}
            return Failed(
                filename=output.filename, subdir=output.subdir, because=error or "it was built for another subdir",
                log=log_name, tail=collected.tail(log, names), seconds=ended.seconds,
            )  # fmt: skip
        shutil.rmtree(folder)
        return Built(
            filename=output.filename, subdir=output.subdir, path=f"{output.subdir}/{output.filename}",
            sha256=collected.sha256(package), size=package.stat().st_size, input_hash=output.input_hash,
            seconds=ended.seconds, log=log_name, backend=self.version,
        )  # fmt: skip

    def _run(self, request: Request, folder: Path, log: Path, timeout: float) -> Ended:
        asked = folder / "request.json"
        asked.write_text(json.dumps(asdict(request)), encoding="utf-8")
        module = ("-I", "-X", "utf8", "-m", WORKER, str(asked), str(folder / "answer.json"))
        command = process.Command(
            argv=(sys.executable, *module), cwd=folder, env=self._environment(folder), timeout=timeout
        )
        return process.record(command, log)

    def _request(self, output: PlannedOutput, subdir: Subdir, workspace: Workspace, folder: Path) -> Request:
        return Request(
            root=str(workspace.repository), directory=output.recipe, filename=str(output.filename), subdir=subdir,
            collected=str(workspace.collected), channels=workspace.channels, variants=self.variants,
            output=str(folder / "out"),
        )  # fmt: skip

    def _environment(self, folder: Path) -> dict[str, str]:
        """No home, no cache and no credential of the user; rattler-build (STRICT) hands even less to build scripts."""
        own = {"HOME": folder / "home", "TMPDIR": folder / "tmp", "RATTLER_CACHE_DIR": folder.parent / "cache"}
        for path in own.values():
            path.mkdir(exist_ok=True)
        return process.narrowed(self.env, path=self.path) | {name: str(path) for name, path in own.items()}


def _fresh_folders(output: PlannedOutput, workspace: Workspace) -> tuple[Path, Path]:
    """An empty folder to work in, and the path of the log. The folder's name is short: prefixes have 255 bytes."""
    digest = hashlib.sha256(f"{output.subdir}/{output.filename}".encode()).hexdigest()
    folder = workspace.scratch / f"{output.filename.dist.name[:16]}-{digest[:8]}"
    log = workspace.collected / "logs" / output.subdir / f"{output.filename.dist}.log"
    shutil.rmtree(folder, ignore_errors=True)
    for path in (folder, log.parent):
        path.mkdir(parents=True, exist_ok=True)
    return folder, log


def _error(ended: Ended, file: Path, timeout: float) -> str:
    if ended.timed_out:
        return f"it took longer than {timeout:g} s, its tests included"
    if ended.returncode or not file.is_file():
        return f"the back end ended with exit code {ended.returncode} and without a result"
    return Answer(**json.loads(file.read_text(encoding="utf-8"))).error
