"""What one run of a program that builds whole recipes has made: taken output by output."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard
from conda_package_streaming.package_streaming import stream_conda_info

from ci_tools.core.expected import fits
from ci_tools.core.package import ArchiveFormat, Filename, Subdir
from ci_tools.core.plan import PlannedOutput
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.adapters.builders.attempt import Attempt
    from ci_tools.ports import Workspace

LARGEST_NOTE = 2**20  # bytes of info/hash_input.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A package that was built and tested; `variant` is what its build string was made from."""

    filename: Filename
    subdir: Subdir
    path: Path
    variant: Mapping[str, Any]

    def is_asked_for(self, output: PlannedOutput) -> bool:
        """Whether it is what the plan means, which may not know the whole build string."""
        values = ((key, self.variant.get(key, value)) for key, value in output.variant)
        return (
            self.subdir == output.subdir
            and fits(output, self.filename)
            and all(str(value) == dict(output.variant)[key] for key, value in values)
        )


@dataclass(slots=True, kw_only=True)
class Batch:
    """One run on one recipe. `error` is what went wrong in one sentence; then nothing was made."""

    scratch: Path
    recipe: str
    first: PlannedOutput  # for whom it was run
    log: Path
    error: str
    made: list[Made]
    seconds: float
    told: set[tuple[Subdir, Filename]] = field(default_factory=set)

    def take(self, output: PlannedOutput) -> Made | None:
        """The package, which then is no longer here."""
        found = next((made for made in self.made if made.is_asked_for(output)), None)
        if found:
            self.made.remove(found)
        return found

    def answers(self, output: PlannedOutput) -> bool:
        """Whether it can say something of the output that it has not been asked before."""
        if (output.subdir, output.filename) in self.told:
            return False
        failed_alike = bool(self.error) and dict(self.first.variant).items() == dict(output.variant).items()
        return failed_alike or any(made.is_asked_for(output) for made in self.made)

    def tell(self, attempt: Attempt) -> None:
        """Note that it was asked, and give the output the log of the run."""
        self.told.add((attempt.output.subdir, attempt.output.filename))
        if attempt.log != self.log and self.log.is_file():
            shutil.copyfile(self.log, attempt.log)

    def seconds_for(self, output: PlannedOutput) -> float:
        """The run's time is the first output's; the others cost nothing more."""
        return self.seconds if output is self.first else 0.0

    def missing(self, output: PlannedOutput) -> str:
        """What to say where the run made other packages than the planned one."""
        others = ", ".join(f"`{made.filename}` ({made.subdir})" for made in self.made) or "nothing"
        return f"planned `{output.filename}` ({output.subdir}), but the recipe made {others}"


def wanted_of(batches: Iterable[Batch], output: PlannedOutput, workspace: Workspace) -> Batch | None:
    """The run of this recipe in this workspace that can answer for the output."""
    here = (batch for batch in batches if (batch.scratch, batch.recipe) == (workspace.scratch, output.recipe))
    return next((batch for batch in here if batch.answers(output)), None)


def packages_in(croot: Path, aside: Path) -> list[Made]:
    """The packages of a channel in a folder, moved to `aside`; never what lies in `broken`, and no links."""
    found = []
    for path in sorted(croot.glob("*/*")):
        if path.name.endswith(tuple(ArchiveFormat)) and path.is_file() and not path.is_symlink():
            try:
                subdir, filename = Subdir(path.parent.name), Filename.parse(path.name)
            except (ValueError, PackageError):  # `broken`, and whatever a script left there
                continue
            (aside / subdir).mkdir(parents=True, exist_ok=True)
            kept = Path(shutil.move(path, aside / subdir / path.name))
            found.append(Made(filename=filename, subdir=subdir, path=kept, variant=_variant(kept)))
    return found


def _variant(package: Path) -> Mapping[str, Any]:
    try:
        with package.open("rb") as file:
            for archive, entry in stream_conda_info(str(package), file):
                if entry.name == "info/hash_input.json" and entry.isreg() and entry.size < LARGEST_NOTE:
                    said = json.loads(archive.extractfile(entry).read())
                    return said if isinstance(said, dict) else {}
    except (OSError, ValueError, KeyError, tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError):
        return {}  # what the package is, is read by whoever opens it next, with care
    return {}
