"""GitHub over its REST API, by PyGithub; with its base URL also an Enterprise server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from github import Auth, Github
from github.GithubRetry import GithubRetry

from ci_tools.adapters.forges import github_proposal
from ci_tools.adapters.forges.github_download import downloaded
from ci_tools.adapters.forges.github_errors import spoken
from ci_tools.core.ci.markdown import within
from ci_tools.ports.forges import Pull, RunArtifact, WorkflowRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from github.IssueComment import IssueComment
    from github.PullRequest import PullRequest
    from github.Repository import Repository
    from github.WorkflowRun import WorkflowRun as TheirRun

    from ci_tools.core.secret import Secret
    from ci_tools.ports.forges import Annotation, Check, Proposal

API = "https://api.github.com"
LONGEST_COMMENT = 65_536  # characters; more is 422
LONGEST_SUMMARY = 65_535  # of a check
ANNOTATIONS_A_CALL = 50
CUT = "\n\n*(cut here: this is longer than GitHub shows)*\n"
WAIT = 15 * 60.0  # seconds; a longer limit of the rate ends the run with a word
TRIES = 5


class GitHubForge:
    """A Forge. `author` is who writes its comments: the login of GITHUB_TOKEN, or of an App.

    `pause` is the least time between two requests that write, in seconds, as GitHub asks for.
    """

    def __init__(
        self, repository: str, token: Secret, *, api: str = API, author: str = "github-actions[bot]",
        wait: float = WAIT, pause: float = 1.0,
    ) -> None:  # fmt: skip
        self._name, self._token, self._author = repository, token, author
        retry = GithubRetry(
            total=TRIES, max_rate_limit_wait=wait, secondary_rate_wait=min(60.0, wait), backoff_factor=pause / 2
        )
        self._github = Github(
            auth=Auth.Token(token.reveal()), base_url=api, retry=retry, per_page=100, lazy=True,
            seconds_between_requests=0.0, seconds_between_writes=pause,
        )  # fmt: skip
        self._there: Repository = self._github.get_repo(repository)

    @property
    def repository(self) -> str:
        return self._name

    @spoken
    def pull(self, number: int) -> Pull:
        return _pull(self._there.get_pull(number))

    @spoken
    def pulls_of(self, commit: str) -> tuple[Pull, ...]:
        return tuple(map(_pull, self._there.get_commit(commit).get_pulls()))

    @spoken
    def changed_files(self, number: int) -> tuple[str, ...]:
        names = [name for f in self._there.get_pull(number).get_files() for name in (f.filename, f.previous_filename)]
        return tuple(sorted({name for name in names if name}))

    @spoken
    def run(self, number: int) -> WorkflowRun:
        return _run(self._there.get_workflow_run(number))

    @spoken
    def runs(self, workflow: str, head: str) -> tuple[WorkflowRun, ...]:
        found = self._there.get_workflow(workflow).get_runs(event="pull_request", head_sha=head)
        return tuple(sorted(map(_run, found), key=lambda run: -run.id))

    @spoken
    def artifacts(self, run: int) -> tuple[RunArtifact, ...]:
        found = self._there.get_workflow_run(run).get_artifacts()
        return tuple(
            RunArtifact(
                id=a.id, name=a.name, size=a.size_in_bytes, digest=a.digest or "", run=a.workflow_run.id,
                head=a.workflow_run.head_sha, expired=a.expired,
            )
            for a in found
        )  # fmt: skip

    def download(self, artifact: RunArtifact, to: Path, limit: int) -> str:
        url = f"{self._github.requester.base_url}/repos/{self._name}/actions/artifacts/{artifact.id}/zip"
        return downloaded(url, self._token, to, limit)

    @spoken
    def comment(self, number: int, marker: str, body: str) -> None:
        text = within(f"{marker}\n{body}", LONGEST_COMMENT, CUT)
        ours = list(self._ours(number, marker))
        if not ours:
            self._there.get_issue(number).create_comment(text)
        elif ours[0].body != text:
            ours[0].edit(text)
        for more in ours[1:]:
            more.delete()

    @spoken
    def remark(self, number: int, marker: str) -> str | None:
        return next((comment.body for comment in self._ours(number, marker)), None)

    def _ours(self, number: int, marker: str) -> Iterator[IssueComment]:
        """A stranger can write our marker, but not as us."""
        for comment in self._there.get_issue(number).get_comments():
            if comment.user.login == self._author and comment.body.startswith(marker):
                yield comment

    @spoken
    def check(self, check: Check) -> None:
        output = {"title": check.title[:255], "summary": within(check.summary, LONGEST_SUMMARY, CUT)}
        marks = list(map(_annotation, check.annotations))
        first, rest = marks[:ANNOTATIONS_A_CALL], marks[ANNOTATIONS_A_CALL:]
        made = self._there.create_check_run(
            name=check.name, head_sha=check.head, status="completed", conclusion=check.conclusion,
            output={**output, "annotations": first},
        )  # fmt: skip
        for start in range(0, len(rest), ANNOTATIONS_A_CALL):  # each call adds to those that are there
            made.edit(output={**output, "annotations": rest[start : start + ANNOTATIONS_A_CALL]})

    @spoken
    def put_secret(self, name: str, secret: Secret, *, repository: str = "") -> None:
        there = self._github.get_repo(repository) if repository else self._there
        there.create_secret(name, secret.reveal())

    @spoken
    def dispatch(self, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        self._there.get_workflow(workflow).create_dispatch(ref, dict(inputs), throw=True)

    @spoken
    def propose(self, proposal: Proposal) -> int:
        return github_proposal.propose(self._there, proposal)


def _pull(pull: PullRequest) -> Pull:
    return Pull(
        number=pull.number, head=pull.head.sha, head_ref=pull.head.ref,
        head_repository=_full_name(pull.head.repo), base_ref=pull.base.ref,
        is_open=pull.state == "open", merge_commit=(pull.merge_commit_sha or "") if pull.merged_at else "",
    )  # fmt: skip


def _full_name(repository: Repository | None) -> str:
    """Empty where it was deleted: PyGithub then has None, whatever it declares."""
    return repository.full_name if repository is not None else ""


def _run(run: TheirRun) -> WorkflowRun:
    return WorkflowRun(
        id=run.id, path=run.path.partition("@")[0], event=run.event, head=run.head_sha,
        head_repository=_full_name(run.head_repository), repository=run.repository.full_name,
        conclusion=run.conclusion or "",
    )  # fmt: skip


def _annotation(mark: Annotation) -> dict[str, str | int]:
    line = max(mark.line, 1)
    return {
        "path": mark.path, "start_line": line, "end_line": line, "annotation_level": mark.level,
        "message": mark.message[:64_000],
    }  # fmt: skip
