"""The place of a repository where pull requests are talked about and workflows run, spoken to over its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.core.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request as the forge knows it. `head_repository` is empty where it was deleted."""

    number: int
    head: str  # commit id
    head_ref: str
    head_repository: str
    base_ref: str
    is_open: bool
    merge_commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """A run of a workflow. `path` is the workflow's file."""

    id: int
    path: str
    event: str
    head: str
    head_repository: str
    repository: str
    conclusion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunArtifact:
    """What a run left. `digest` is `sha256:<hex>` of its zip, as the forge recorded it; `head` is the run's commit."""

    id: int
    name: str
    size: int
    digest: str
    run: int
    head: str
    expired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A sentence beside a line."""

    path: str
    line: int
    level: Literal["notice", "warning", "failure"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of a commit that is done."""

    name: str
    head: str
    conclusion: Literal["success", "failure", "neutral"]
    title: str
    summary: str  # markdown
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change for a person to merge: whole files (path -> bytes) on a branch of their own, made from `base`."""

    branch: str
    base: str
    title: str
    body: str
    files: Mapping[str, bytes] = field(repr=False)


class Forge(Protocol):
    """One repository at its forge. NotFoundError only where it says 404; RemoteError where it refuses or is away.

    Limits of its rate are waited out within a bound; beyond that RemoteError says until when.
    """

    @property
    def repository(self) -> str:
        """`owner/name`."""

    def pull(self, number: int) -> Pull:
        """The pull request with that number."""

    def pulls_of(self, commit: str) -> tuple[Pull, ...]:
        """The pull requests that a commit came with, or is the head of."""

    def changed_files(self, number: int) -> tuple[str, ...]:
        """The paths that a pull request changes, both names of a renamed one; at most the forge's 3,000."""

    def run(self, number: int) -> WorkflowRun:
        """The run with that id."""

    def runs(self, workflow: str, head: str) -> tuple[WorkflowRun, ...]:
        """The runs of a workflow (its file's name) for pull requests on a commit, the newest first."""

    def artifacts(self, run: int) -> tuple[RunArtifact, ...]:
        """Everything that a run left."""

    def download(self, artifact: RunArtifact, to: Path, limit: int) -> str:
        """Write the artifact's zip to `to`; returns its lower-hex SHA-256. TrustError beyond `limit` bytes."""

    def comment(self, number: int, marker: str, body: str) -> None:
        """Let there be exactly one comment of ours with `marker` on the pull request, and let it say `body`.

        What is longer than the forge takes is cut, and says so. A comment of another author is never touched.
        """

    def remark(self, number: int, marker: str) -> str | None:
        """What our comment with `marker` says; None where there is none."""

    def check(self, check: Check) -> None:
        """Show the check beside its commit, with all of its annotations."""

    def put_secret(self, name: str, secret: Secret, *, repository: str = "") -> None:
        """Let the workflows of `repository` (default: this one) have `secret` from their next run on."""

    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow by hand."""

    def propose(self, proposal: Proposal) -> int:
        """The number of the open pull request that says this; the branch and its text are brought up to date."""
