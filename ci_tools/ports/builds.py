"""What builds, and what a build takes and leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.assignments import Assignment
    from ci_tools.core.package import Subdir
    from ci_tools.core.plan import BuildPlan, BuildReport, Built, Failed, Job, PlannedOutput
    from ci_tools.core.recipe import Recipe, Rendering
    from ci_tools.core.variants import VariantTable


class BuildBackend(Protocol):
    """A program that builds recipes of one dialect."""

    @property
    def version(self) -> str:
        """Name and version, as recorded beside a package."""

    def claims(self, recipe: Recipe) -> bool:
        """Whether this back end builds that dialect."""

    def build(self, output: PlannedOutput, subdir: Subdir, workspace: Workspace) -> Built | Failed:
        """Build and test one output on a machine of `subdir`; only what passed is Built. A bad recipe is Failed.

        Where the plan leaves the build string open (core/expected.py), Built says the real one.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where one job works: absolute paths on this machine, and the bounds it keeps.

    `collected` is a channel in a folder that grows with each Built package; `channels` are the further ones to
    resolve against, as URLs, in order of priority.
    """

    repository: Path
    scratch: Path
    collected: Path
    channels: tuple[str, ...]
    timeout: float  # seconds for one output, its tests included
    disk: int = 64 * 2**30  # bytes that one output may lay on the disk while it is built
    network: bool = True  # whether a build reaches the network
    keep: bool = False  # whether the folder of an output that was built stays; of a failed one it always does
    interrupted: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)  # asked while it is built


class Renderer(Protocol):
    """What tells what recipes of any dialect make, without building. Nothing of a recipe is run."""

    def render(self, assignments: Sequence[Assignment]) -> Sequence[Rendering]:
        """A rendering for each assignment, in their order. A recipe that is wrong, or takes too long, has problems."""

    def tables(self, texts: Sequence[tuple[str, bytes]], machines: Sequence[Subdir]) -> Sequence[VariantTable]:
        """The values that variants files (path, content; the later over the earlier) say for each of the machines.

        RecipeError where one of them is wrong.
        """


class Outbox(Protocol):
    """What build jobs hand over: a folder for each, with its packages by subdir, logs, and build.json."""

    def begin(self, plan: BuildPlan) -> None:
        """Make it the outbox of this plan: what jobs of another plan left is removed, for nobody asked for it."""

    def kept(self, job: Job) -> tuple[Built, ...]:
        """What an earlier run left of the job, intact and built from the planned inputs; other packages are removed."""

    def delivered(self, job: Job) -> tuple[Built, ...]:
        """The same for a job that another run carries out, or carried out on another machine: nothing is removed."""

    def save(self, report: BuildReport) -> None:
        """Write the job's build.json whole; called after every outcome, so that an interrupted run is taken up."""


class Pantry(Protocol):
    """A channel in a folder on this machine that builds resolve against, filled before they start."""

    @property
    def url(self) -> str:
        """Where it is: a `file:` URL."""

    def has(self, key: str, sha256: str) -> bool:
        """Whether a package with exactly these bytes is there."""

    def take(self, key: str, chunks: Iterable[bytes], sha256: str) -> None:
        """Keep a package, whole or not at all; TrustError where its bytes have another digest."""

    def settle(self, documents: Mapping[str, bytes], packages: Iterable[str]) -> None:
        """Write the index documents, and remove every other file that is not one of these packages."""
