"""What will be built, what will not, and why: the values that travel between the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from ci_tools.core.package import Filename, Subdir
from ci_tools.core.recipe import Dialect
from ci_tools.errors import Problem


class Reason(StrEnum):
    """Why an output is in the plan, or is not."""

    CHANGED = "changed"  # its recipe or one of its sources changed in the range
    VARIANT = "variant changed"  # a variants file says something else of a key that it uses
    SUBDIR = "new subdir"  # channel.yaml names its machine for the first time
    DEPENDS = "depends on a change"  # what it depends on is built anew, and channel.yaml says that this counts
    MISSING = "missing"  # the channel lacks it
    NEEDED = "needed here"  # another output of the job needs it; another job makes the one that is published
    PUBLISHED = "published"  # skip: it is published with the same inputs
    UNCHANGED = "unchanged"  # skip: nothing it is made from changed in the range
    NO_SUCH_SUBDIR = "no such subdir"  # skip: the recipe says `skip` there, or channel.yaml has no such subdir
    NEEDS_PROGRAM = "needs a program"  # skip: this machine lacks a program that the recipe names
    NO_BACKEND = "no back end"  # skip: this version builds no recipes of that dialect
    ELSEWHERE = (
        "needs another job"  # skip: a tool that it is built with is made for another machine; the next plan has it
    )
    WRONG = "needs what is wrong"  # skip: it is on a cycle of requirements, or needs what is
    NOT_BUMPED = "changed but not bumped"  # refusal: published under this name with other inputs


class Role(StrEnum):
    """What becomes of an output once it is built and tested."""

    SHIP = "ship"  # it is published
    TEST = "test"  # nothing: it is published already, and must still pass with what it depends on
    SCAFFOLD = "scaffold"  # nothing: the job needs it to go on, and another job makes the one that is published


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOutput:
    """One package to build. `input_hash` is lower-hex SHA-256; `requires` names the planned files it comes after.

    `draws_on` are the names of the channel's packages that it needs and that the plan does not build before it.
    """

    recipe: str  # the recipe's directory, POSIX, relative to the repository
    dialect: Dialect
    filename: Filename
    subdir: Subdir
    build_number: int
    input_hash: str
    reason: Reason
    because: str  # one sentence a person reads
    requires: tuple[str, ...] = ()
    variant: tuple[tuple[str, str], ...] = ()
    draws_on: tuple[str, ...] = ()
    role: Role = Role.SHIP

    def __post_init__(self) -> None:
        # A plan is read from a file: what it names is looked up below the repository, and must not lead out of it.
        if any(part in {"", ".", ".."} for part in self.recipe.split("/")) or "\0" in self.recipe:
            raise ValueError(f"`{self.recipe}` is no folder below the repository")

    @property
    def file(self) -> str:
        """The recipe's file, POSIX, relative to the repository."""
        return f"{self.recipe}/{self.dialect.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One cell of the build matrix: outputs in build order on one runner. `id` is `[a-z0-9-]+`, unique in the plan.

    `seconds` is how long it took last time, estimated where that is not known. A job of wave 1 needs the packages of
    the jobs that it comes `after`, all of wave 0.
    """

    id: str
    subdir: Subdir  # of the machine that builds; never noarch
    runner: str
    outputs: tuple[PlannedOutput, ...]

    @property
    def scratch(self) -> str:
        """The name of the folder it works in: short, and without the subdir, which conda would take for one."""
        return f"job-{sha256(self.id.encode()).hexdigest()[:8]}"

    seconds: float = 0.0
    wave: int = 0
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """An output that is not built, with the reason."""

    recipe: str
    what: str  # a file name, or the recipe's name where nothing was rendered
    reason: Reason
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A promise that would be broken; the plan fails at the end with exit 3 and lists them all."""

    recipe: str
    what: str
    reason: Reason
    because: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """What a git range means. `unowned` are changed paths that no recipe owns: listed, not lost.

    `problems` are what is wrong with recipes: each stops only itself, and what needs it.
    """

    channel: str  # base URL of the channel it was planned against
    base: str
    head: str
    generation: int  # of the channel it was compared with; 0 where there is none yet
    jobs: tuple[Job, ...] = ()
    skips: tuple[Skip, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unowned: tuple[str, ...] = ()
    network: str = "open"  # what the builds reach: everything, or none but the machine's own loopback
    problems: tuple[Problem, ...] = ()

    def outputs(self) -> tuple[PlannedOutput, ...]:
        """Every planned output, in job order."""
        return tuple(output for job in self.jobs for output in job.outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A package that was built and passed its tests. `path` is relative to build.json; `seconds` is wall time."""

    filename: Filename
    subdir: Subdir
    path: str
    sha256: str
    size: int
    input_hash: str
    seconds: float
    log: str
    backend: str  # name and version, recorded and not compared
    status: Literal["built"] = "built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A build that did not come to an end it should have come to. `tail` is the end of its log."""

    filename: Filename
    subdir: Subdir
    because: str
    log: str
    tail: str
    seconds: float
    status: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted:
    """An output that was not tried because `prerequisite` (a file name) is not there."""

    filename: Filename
    subdir: Subdir
    prerequisite: str
    because: str
    status: Literal["aborted"] = "aborted"


Outcome = Built | Failed | Aborted


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What one job made of its part of the plan: build.json."""

    job: str
    outcomes: tuple[Outcome, ...]
