"""What build jobs hand over, in a folder: `<job id>/build.json`, its packages by subdir, and their logs."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools import documents
from ci_tools.adapters.builders import collected
from ci_tools.core.expected import is_what_was_asked
from ci_tools.core.package import ArchiveFormat
from ci_tools.core.plan import BuildReport, Built
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.core.plan import BuildPlan, Job

BUILD_REPORT = "build.json"
JOB_ID = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOutbox:
    """The outbox in the folder `root`."""

    root: Path

    def begin(self, plan: BuildPlan) -> None:
        jobs = {_checked(job.id) for job in plan.jobs}
        for file in self.root.glob(f"*/{BUILD_REPORT}"):
            if file.parent.name not in jobs and not file.parent.is_symlink() and _is_report(file):
                shutil.rmtree(file.parent)

    def kept(self, job: Job) -> tuple[Built, ...]:
        folder, kept = self.root / _checked(job.id), self.delivered(job)
        _remove_others(folder, {folder / built.path for built in kept})
        return kept

    def delivered(self, job: Job) -> tuple[Built, ...]:
        folder = self.root / _checked(job.id)
        return tuple(
            built
            for built in _reported(folder)
            if any(is_what_was_asked(output, built) for output in job.outputs) and _intact(folder, built)
        )

    def save(self, report: BuildReport) -> None:
        file = self.root / _checked(report.job) / BUILD_REPORT
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}.part")
        beside.write_bytes(documents.write(report))
        beside.replace(file)


def _checked(job_id: str) -> str:
    """The id, if it can be a folder's name: a plan is read from a file."""
    if not JOB_ID.fullmatch(job_id):
        raise UsageError(f"`{job_id}` is not a job's id", hint="make the plan anew: `channel plan`")
    return job_id


def _is_report(file: Path) -> bool:
    """Whether it is ours to remove: the report of a job whose folder it is in."""
    with suppress(UsageError):
        return documents.read(BuildReport, file.read_bytes(), str(file)).job == file.parent.name
    return False


def _reported(folder: Path) -> tuple[Built, ...]:
    """What the last run says it built; nothing where it says nothing that can be read: then all is built anew."""
    with suppress(FileNotFoundError, UsageError):
        file = folder / BUILD_REPORT
        report = documents.read(BuildReport, file.read_bytes(), str(file))
        return tuple(outcome for outcome in report.outcomes if isinstance(outcome, Built))
    return ()


def _intact(folder: Path, built: Built) -> bool:
    path = folder / built.path
    named = built.path == f"{built.subdir}/{built.filename}"  # never a path that leads elsewhere
    return named and path.is_file() and not path.is_symlink() and collected.sha256(path) == built.sha256


def _remove_others(folder: Path, keep: set[Path]) -> None:
    for path in [*folder.glob("*/*")]:
        if path.name.endswith(tuple(ArchiveFormat)) and path not in keep:
            path.unlink()
