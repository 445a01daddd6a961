"""Collect: what the cells of another run have left, fetched from the forge and held to the digests it has of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.ci.cells import attempt_of, newest
from ci_tools.errors import TrustError
from ci_tools.ports.forges import Forge

if TYPE_CHECKING:
    from ci_tools.core.plan import BuildPlan
    from ci_tools.ports.forges import RunArtifact, WorkflowRun

Unpack = Callable[[Path, Path, int], tuple[Path, ...]]  # archive, folder, bytes at most
LARGEST_NOTE = 64 << 20  # bytes of a plan or a report, packed and unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """How artifacts come here. `scratch` is a folder for the zips; `largest` bytes a cell may have left."""

    forge: Forge
    scratch: Path
    unpack: Unpack
    largest: int

    def fetch(self, artifact: RunArtifact, to: Path, limit: int = 0) -> tuple[Path, ...]:
        """The artifact's files, below `to`; TrustError where its bytes are not those that the forge has a digest of."""
        archive = self.scratch / f"{artifact.id}.zip"
        digest = self.forge.download(artifact, archive, limit or self.largest)
        if artifact.digest != f"sha256:{digest}":
            hint = "do not use it; run its workflow again"
            raise TrustError(f"the artifact `{artifact.name}` is not what GitHub has a digest of", hint=hint)
        try:
            return self.unpack(archive, to, limit or self.largest)
        finally:
            archive.unlink()


def note(fetcher: Fetcher, artifacts: Mapping[str, RunArtifact], kind: str, name: str) -> bytes | None:
    """The file `name` of the last attempt's `<kind>.<attempt>`; None where the run left none."""
    found = [artifact for title, artifact in artifacts.items() if attempt_of(title, kind)]
    if not found:
        return None
    last = max(found, key=lambda artifact: attempt_of(artifact.name, kind))
    files = fetcher.fetch(last, fetcher.scratch / f"{kind}-{last.id}", LARGEST_NOTE)
    return next((file.read_bytes() for file in files if file.name == name), None)


def of_run(forge: Forge, run: WorkflowRun) -> Mapping[str, RunArtifact]:
    """Name -> artifact, of those that are still there and that this run made on its commit."""
    return {a.name: a for a in forge.artifacts(run.id) if not a.expired and (a.run, a.head) == (run.id, run.head)}


def collect(
    fetcher: Fetcher, artifacts: Mapping[str, RunArtifact], plan: BuildPlan, to: Path
) -> tuple[str, ...]:  # fmt: skip
    """Fetch what each job of the plan left into `to/<job>`; returns the jobs that left something."""
    taken, _ = newest(artifacts, plan)
    for job, name in taken.items():
        fetcher.fetch(artifacts[name], to / job)
    return tuple(taken)
