"""conda-build and boa: programs in environments of their own that build a whole recipe at a time, never imported.

Both leave a channel in their root folder (croot) as they go, and leave more in it than what passed. So the root is
fresh for each call, packages are taken by name, and only after the program said with exit code 0 that all went well.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import yaml

from ci_tools.adapters import process
from ci_tools.adapters.builders.attempt import TAKEN, begun, plain
from ci_tools.adapters.builders.bounds import Watch, overstepped, stamps
from ci_tools.adapters.builders.folder_index import index
from ci_tools.adapters.builders.installations import Installation, how_to_get
from ci_tools.adapters.builders.made import Batch, Made, packages_in, wanted_of
from ci_tools.adapters.builders.sealed import confinement, impossible, sealed
from ci_tools.adapters.machine import SYSTEM_PATH
from ci_tools.core.recipe import Dialect
from ci_tools.core.variants import candidates

if TYPE_CHECKING:
    from ci_tools.adapters.builders.attempt import Attempt
    from ci_tools.adapters.process import Ended
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import Built, Failed, PlannedOutput
    from ci_tools.core.recipe import Recipe
    from ci_tools.ports import Workspace

BUILD_CONFIG = "conda_build_config.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of the program: absolute paths, and channels as URLs, the best first."""

    recipe: Path
    croot: Path
    channels: tuple[str, ...]
    configs: tuple[Path, ...]  # what says variants for every recipe below it, the nearer one later
    keep: bool  # the work folder
    chosen: Path  # a variants file with the planned values alone; it comes last


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaProgram:
    """The back end `program` for recipes of `dialects`; `installation` is None where this machine lacks it.

    `argv` is how it is called. `env` is the environment to take the few allowed variables from.
    """

    program: str
    dialects: frozenset[Dialect]
    installation: Installation | None
    argv: Callable[[Installation, Call], Sequence[str]]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    variants: str = ""
    batches: list[Batch] = field(default_factory=list, compare=False, repr=False)  # made, and not asked for yet

    @property
    def version(self) -> str:
        return self.installation.label if self.installation else self.program

    def claims(self, recipe: Recipe) -> bool:
        return recipe.dialect in self.dialects

    def build(self, output: PlannedOutput, subdir: Subdir, workspace: Workspace) -> Built | Failed:
        """As the port says. The recipe's other outputs are kept aside, for whoever asks for them next."""
        if self.installation is None:
            because = f"{self.program} is not on this machine; {how_to_get(self.program)}"
            return begun(output, subdir, workspace).failed(because, 0.0)
        attempt = begun(output, subdir, workspace, {self.installation.prefix: "$BACKEND"})
        if because := impossible(attempt):
            return attempt.failed(because, 0.0)
        batch = wanted_of(self.batches, output, workspace)
        if batch is None:
            batch = self._built(attempt, self.installation)
            self.batches.append(batch)
        return self._taken(attempt, batch)

    def _taken(self, attempt: Attempt, batch: Batch) -> Built | Failed:
        """What the batch holds of the planned output; what it holds of others stays for them."""
        batch.tell(attempt)
        if batch.error:
            return attempt.failed(batch.error, batch.seconds_for(attempt.output))
        made = batch.take(attempt.output)
        if made is None:
            return attempt.failed(batch.missing(attempt.output), batch.seconds_for(attempt.output))
        return attempt.built(made.path, self.version, batch.seconds_for(attempt.output))

    def _built(self, attempt: Attempt, installed: Installation) -> Batch:
        """Run the program on the whole recipe, and set aside what it made."""
        aside = attempt.workspace.scratch / "made" / attempt.folder.name
        shutil.rmtree(aside, ignore_errors=True)
        index(attempt.workspace.collected)
        with plain(attempt.folder) as room:
            croot = room / "croot"
            croot.mkdir()
            before = stamps(attempt)
            ended = self._run(attempt, installed, room, croot)
            error = overstepped(ended, attempt, before)
            if ended.returncode and not error:
                error = f"{self.program} ended with exit code {ended.returncode}"
            made = () if error else packages_in(croot, aside)
            log = attempt.log.read_bytes().replace(os.fsencode(room), os.fsencode(attempt.folder))
        attempt.log.write_bytes(log)
        return Batch(
            scratch=attempt.workspace.scratch, recipe=attempt.output.recipe, first=attempt.output,
            log=attempt.log, error=error, made=list[Made](made), seconds=ended.seconds,
        )  # fmt: skip

    def _run(self, attempt: Attempt, installed: Installation, room: Path, croot: Path) -> Ended:
        env = sealed(self.env, room, path=f"{installed.prefix / 'bin'}{os.pathsep}{SYSTEM_PATH}")
        call = self._call(attempt, room, croot)
        settings = {"channels": [*call.channels], "default_channels": [], "channel_priority": "strict"}
        rc = room / "condarc"
        rc.write_text(yaml.safe_dump(settings | ({"solver": installed.solver} if installed.solver else {})))
        own = {
            "CONDARC": rc, "CONDA_PKGS_DIRS": room / "pkgs", "CONDA_ENVS_DIRS": room / "envs",
            "CONDA_BLD_PATH": croot, "CONDA_REGISTER_ENVS": "false", "CONDA_NUMBER_CHANNEL_NOTICES": "0",
            "PYTHONUNBUFFERED": "1",  # what was said until a build is ended is in its log
        }  # fmt: skip
        command = process.Command(
            argv=tuple(self.argv(installed, call)), cwd=room,
            env=env | {name: str(value) for name, value in own.items()}, timeout=attempt.workspace.timeout,
            confined=confinement(attempt, room, writes=room, needs=installed.prefix),
        )  # fmt: skip
        watch = Watch(folder=room, workspace=attempt.workspace)
        return process.record(command, attempt.log, objection=watch.objection)

    def _call(self, attempt: Attempt, room: Path, croot: Path) -> Call:
        output, workspace = attempt.output, attempt.workspace
        chosen = room / BUILD_CONFIG
        chosen.write_text(json.dumps({key: [value] for key, value in output.variant if key != "target_platform"}))
        said = (workspace.repository / path for path in candidates(output.recipe, self.variants))
        recipe = workspace.repository / output.recipe
        return Call(
            recipe=recipe, croot=croot, keep=workspace.keep, chosen=chosen,
            channels=tuple(_plain_url(url, room) for url in (workspace.collected.as_uri(), *workspace.channels)),
            configs=tuple(p for p in said if p.name == BUILD_CONFIG and p.parent != recipe and p.is_file()),
        )  # fmt: skip


def _plain_url(url: str, room: Path) -> str:
    """The URL, or where it is a folder whose path conda would misread, that of a link to it."""
    folder = Path(unquote(urlsplit(url).path))
    if not url.startswith("file:") or not TAKEN.search(str(folder)):
        return url
    link = room / f"channel-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    link.symlink_to(folder)
    return link.as_uri()
