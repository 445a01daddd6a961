"""Recipes of the V1 dialect, built by the embedded rattler-build: rendered in process, built in a worker process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rattler_build import rattler_build_version

from ci_tools.adapters import process
from ci_tools.adapters.builders import v1
from ci_tools.adapters.builders.attempt import begun
from ci_tools.adapters.builders.bounds import Watch, overstepped, stamps
from ci_tools.adapters.builders.folder_index import index
from ci_tools.adapters.builders.rattler_worker import Answer, Request
from ci_tools.adapters.builders.sealed import confinement, impossible, sealed
from ci_tools.adapters.machine import SYSTEM_PATH
from ci_tools.core.recipe import Dialect, Output, Recipe

if TYPE_CHECKING:
    from ci_tools.adapters.builders.attempt import Attempt
    from ci_tools.adapters.process import Ended
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import Built, Failed, PlannedOutput
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
        attempt = begun(output, subdir, workspace, {Path(sys.prefix): "$BACKEND"})
        if because := impossible(attempt):
            return attempt.failed(because, 0.0)
        index(workspace.collected)
        before = stamps(attempt)
        ended = self._run(attempt)
        error = overstepped(ended, attempt, before) or _error(ended, attempt)
        made = attempt.folder / "out" / output.subdir / str(output.filename)
        if error or not made.is_file():
            return attempt.failed(error or "it was built for another subdir", ended.seconds)
        return attempt.built(made, self.version, ended.seconds)

    def _run(self, attempt: Attempt) -> Ended:
        folder, cache = attempt.folder, attempt.workspace.scratch / "cache"
        cache.mkdir(exist_ok=True)
        asked = folder / "request.json"
        asked.write_text(json.dumps(asdict(self._request(attempt))), encoding="utf-8")
        module = ("-I", "-X", "utf8", "-m", WORKER, str(asked), str(folder / "answer.json"))
        command = process.Command(
            argv=(sys.executable, *module), cwd=folder,
            env=sealed(self.env, folder, path=self.path) | {"RATTLER_CACHE_DIR": str(cache)},
            timeout=attempt.workspace.timeout, confined=confinement(attempt, folder, writes=cache),
        )  # fmt: skip
        watch = Watch(folder=folder, workspace=attempt.workspace)
        return process.record(command, attempt.log, objection=watch.objection)

    def _request(self, attempt: Attempt) -> Request:
        output, workspace = attempt.output, attempt.workspace
        return Request(
            root=str(workspace.repository), directory=output.recipe, filename=str(output.filename),
            subdir=attempt.subdir, channels=(workspace.collected.as_uri(), *workspace.channels),
            variants=self.variants, keep=workspace.keep, output=str(attempt.folder / "out"),
        )  # fmt: skip


def _error(ended: Ended, attempt: Attempt) -> str:
    answer = attempt.folder / "answer.json"
    if ended.returncode or not answer.is_file():
        return f"the back end ended with exit code {ended.returncode} and without a result"
    return Answer(**json.loads(answer.read_text(encoding="utf-8"))).error
