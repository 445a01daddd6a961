"""What a forge keeps to: GitHub's adapter against a double that keeps state and holds each request to the API."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.forges.github import CUT, LONGEST_COMMENT, GitHubForge
from ci_tools.core.secret import Secret
from ci_tools.errors import NotFoundError, RemoteError, TrustError
from ci_tools.ports.forges import Annotation, Check, Proposal

sys.path.insert(0, str(Path(__file__).parents[1] / "github"))
from github_double import Limit, State, github

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD, MARKER = "a" * 40, "<!-- channelsmith:test -->"


@pytest.fixture
def state() -> Iterator[State]:
    with github() as state:
        yield state
    assert state.violations == []


def forge_at(state: State, wait: float = 30.0) -> GitHubForge:
    return GitHubForge(state.repository, Secret("t0ken"), api=state.url, wait=wait, pause=0.0)


@pytest.fixture
def forge(state: State) -> GitHubForge:
    return forge_at(state)


def by(login: str, body: str, number: int) -> dict[str, object]:
    return {
        "id": number,
        "body": body,
        "user": {"login": login, "type": "User", "id": 2},
        "url": "http://127.0.0.1/none",
    }


def test_there_is_one_comment_and_it_says_the_last_thing(forge: GitHubForge, state: State) -> None:
    for text in ("first", "second", "second"):
        forge.comment(7, MARKER, text)
    assert [comment["body"] for comment in state.comments[7]] == [f"{MARKER}\nsecond"]
    assert forge.remark(7, MARKER) == f"{MARKER}\nsecond"
    assert forge.remark(8, MARKER) is None


def test_it_is_found_among_hundreds(forge: GitHubForge, state: State) -> None:
    state.comments[7] = [by("someone", "hello", n) for n in range(250)]
    forge.comment(7, MARKER, "ours")
    forge.comment(7, MARKER, "ours, again")
    assert [comment["body"] for comment in state.comments[7][250:]] == [f"{MARKER}\nours, again"]


def test_a_stranger_who_writes_our_marker_is_left_alone(forge: GitHubForge, state: State) -> None:
    state.comments[7] = [by("mallory", f"{MARKER}\nall is well", 1)]
    forge.comment(7, MARKER, "it failed")
    assert [comment["body"] for comment in state.comments[7]] == [f"{MARKER}\nall is well", f"{MARKER}\nit failed"]


def test_a_comment_that_is_too_long_is_cut_and_says_so(forge: GitHubForge, state: State) -> None:
    forge.comment(7, MARKER, "a line of the table\n" * 10_000)
    body = state.comments[7][0]["body"]
    assert len(body) <= LONGEST_COMMENT
    assert body.endswith(CUT)


@pytest.mark.parametrize("count", [0, 1, 50, 51, 120])
def test_a_check_has_all_of_its_annotations(count: int, forge: GitHubForge, state: State) -> None:
    marks = tuple(
        Annotation(path="recipes/a/recipe.yaml", line=n, level="failure", message=f"no {n}") for n in range(count)
    )
    forge.check(
        Check(name="channel", head=HEAD, conclusion="failure", title="t", summary="s" * 70_000, annotations=marks)
    )
    (check,) = state.checks.values()
    assert [mark["message"] for mark in check["annotations"]] == [f"no {n}" for n in range(count)]


def test_a_secret_is_sealed_for_its_repository_alone(forge: GitHubForge, state: State) -> None:
    forge.put_secret("CHANNEL_TOKEN", Secret("0123456789ab-" + "f" * 40))
    forge.put_secret("CHANNEL_TOKEN", Secret("new"), repository="acme/other")
    assert state.secrets["acme/recipes", "CHANNEL_TOKEN"] == "0123456789ab-" + "f" * 40
    assert state.secrets["acme/other", "CHANNEL_TOKEN"] == "new"


def test_a_pull_request_is_told_with_its_files(forge: GitHubForge, state: State) -> None:
    state.add_pull(7, HEAD, files=tuple(f"recipes/{n}/recipe.yaml" for n in range(130)), merged="c" * 40)
    assert (forge.pull(7).head, forge.pull(7).merge_commit, forge.pull(7).is_open) == (HEAD, "c" * 40, True)
    assert len(forge.changed_files(7)) == 130
    assert [pull.number for pull in forge.pulls_of("c" * 40)] == [7]
    state.add_pull(8, HEAD, head_repository=None)
    assert forge.pull(8).head_repository == ""


def test_artifacts_are_those_of_their_run_with_their_digests(forge: GitHubForge, state: State, tmp_path: Path) -> None:
    state.add_run(5, HEAD)
    state.add_run(6, HEAD, path=".github/workflows/other.yml")
    for number in range(120):
        state.add_artifact(5, f"built-{number}.1", {"x": b"x"})
    found = forge.artifacts(5)
    assert (len(found), forge.artifacts(6), [run.id for run in forge.runs("pull-request.yml", HEAD)]) == (120, (), [5])
    digest = forge.download(found[0], tmp_path / "a.zip", 10_000)
    assert f"sha256:{digest}" == found[0].digest
    assert hashlib.sha256((tmp_path / "a.zip").read_bytes()).hexdigest() == digest
    with pytest.raises(TrustError):
        forge.download(found[0], tmp_path / "b.zip", 10)


def test_a_workflow_is_started_by_hand(forge: GitHubForge, state: State) -> None:
    forge.dispatch("publish.yml", "main", {"base": ""})
    assert state.dispatches == [{"workflow": "publish.yml", "ref": "main", "inputs": {"base": ""}}]


def test_a_change_is_proposed_once_and_brought_up_to_date(forge: GitHubForge, state: State) -> None:
    state.objects["b" * 40] = {"sha": "b" * 40, "tree": {"sha": "c" * 40}, "parents": [], "url": ""}
    state.refs["heads/main"] = "b" * 40

    def propose(text: str, title: str = "Raise a to 2") -> int:
        files = {"recipes/a/recipe.yaml": text.encode()}
        return forge.propose(Proposal(branch="bump/a", base="main", title=title, body="why", files=files))

    first, tip = propose("version: 2"), state.refs["heads/bump/a"]
    assert (propose("version: 2"), state.refs["heads/bump/a"]) == (first, tip)
    assert (propose("version: 3", "Raise a to 3"), len(state.pulls)) == (first, 1)
    assert state.refs["heads/bump/a"] != tip
    assert state.pulls[first]["title"] == "Raise a to 3"


@pytest.mark.parametrize("kind", ["secondary", "retry-after", "error", "primary"])
def test_a_limit_of_the_rate_is_waited_out(kind: str, state: State) -> None:
    state.add_pull(7, HEAD)
    state.limits.append(Limit(kind=kind, times=1, seconds=1))
    began = time.monotonic()
    assert forge_at(state, wait=2.0).pull(7).number == 7
    assert time.monotonic() - began >= {"error": 0, "retry-after": 1, "secondary": 2, "primary": 1}[kind]


@pytest.mark.parametrize("kind", ["primary", "secondary"])
def test_a_limit_beyond_the_bound_is_said(kind: str, state: State) -> None:
    state.limits.append(Limit(kind=kind, times=99, seconds=3600))
    with pytest.raises(RemoteError, match="limit"):
        forge_at(state, wait=0.1).pull(7)


def test_not_there_and_not_allowed_are_told_apart(forge: GitHubForge, state: State) -> None:
    with pytest.raises(NotFoundError):
        forge.pull(404)
    state.denied.add("issues/create-comment")
    with pytest.raises(RemoteError, match="does not let this token") as caught:
        forge.comment(7, MARKER, "text")
    assert not isinstance(caught.value, NotFoundError)


def test_nobody_at_the_other_end_is_a_remote_error(state: State) -> None:
    dead = GitHubForge(state.repository, Secret("t"), api="http://127.0.0.1:9/api/v3", wait=0.1, pause=0.0)
    with pytest.raises(RemoteError, match="cannot be reached"):
        dead.pull(7)


def test_no_token_is_in_what_is_said(state: State) -> None:
    secret = "ghs_" + "A" * 36
    forge = GitHubForge(state.repository, Secret(secret), api=state.url, wait=0.1, pause=0.0)
    state.denied.add("pulls/get")
    with pytest.raises(RemoteError) as caught:
        forge.pull(7)
    assert secret not in str(caught.value) + repr(caught.value.problems)
