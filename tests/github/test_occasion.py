"""Which range an event means, from the payloads that GitHub sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.changes import Everything, Push, Since
from ci_tools.core.ci.occasion import COMMIT, occasion
from ci_tools.errors import UsageError

A, B, ZEROS = "a" * 40, "b" * 40, "0" * 40
OURS, THEIRS = {"full_name": "acme/recipes"}, {"full_name": "mallory/recipes"}


def pull(head_repo: object = OURS, **more: object) -> dict[str, object]:
    head = {"sha": B, "ref": "topic", "repo": head_repo}
    return {"pull_request": {"number": 7, "head": head, "base": {"sha": A, "ref": "main", "repo": OURS}, **more}}


def test_a_pull_request_is_what_parted_from_its_base() -> None:
    found = occasion("pull_request", pull())
    assert (found.span, found.because) == (Since(base=A), "pull request 7")
    assert found.pull is not None
    assert (found.pull.number, found.pull.head, found.pull.fork, found.pull.open) == (7, B, False, True)


@pytest.mark.parametrize("repository", [THEIRS, None, {}])
def test_a_head_in_another_repository_is_a_fork_and_so_is_one_that_was_deleted(repository: object) -> None:
    found = occasion("pull_request", pull(repository)).pull
    assert found is not None
    assert found.fork


def test_a_merge_group_is_what_it_adds_to_its_base() -> None:
    assert occasion("merge_group", {"merge_group": {"base_sha": A, "head_sha": B}}).span == Since(base=A)


def test_a_push_is_before_to_head_however_many_commits() -> None:
    found = occasion("push", {"before": A, "after": B, "commits": [{}, {}, {}]})
    assert (found.span, found.because) == (Push(before=A), f"a push of 3 commits onto {A[:12]}")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"before": ZEROS, "commits": [{}]}, "first"),
        ({"before": A, "forced": True}, "forced"),
        ({}, "first"),
    ],
)
def test_a_first_or_forced_push_says_so(payload: dict[str, object], said: str) -> None:
    assert said in occasion("push", payload).because


def test_a_dispatch_goes_by_its_input() -> None:
    assert occasion("workflow_dispatch", {"inputs": {"base": A}}).span == Since(base=A)
    assert occasion("workflow_dispatch", {"inputs": {"base": ""}}).span == Everything()
    assert occasion("workflow_dispatch", {"inputs": None}).span == Everything()


@pytest.mark.parametrize("event", ["schedule", "repository_dispatch"])
def test_what_has_no_range_means_everything(event: str) -> None:
    assert occasion(event, {}).span == Everything()


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("pull_request", {}),
        ("pull_request", {"pull_request": None}),
        ("merge_group", {"merge_group": {"base_sha": "x"}}),
        ("push", {"before": "--output=/etc/passwd"}),
        ("push", {"before": 7}),
        ("workflow_dispatch", {"inputs": {"base": "main; id"}}),
        ("pull_request", pull(number="7")),
        ("issues", {}),
        ("", {}),
    ],
)
def test_a_payload_that_says_it_wrongly_is_refused(event: str, payload: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        occasion(event, payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["pull_request", "head", "base", "sha", "repo", "number", "before", "inputs", "merge_group"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(
    event=st.sampled_from(["pull_request", "push", "merge_group", "workflow_dispatch"]),
    payload=st.dictionaries(st.sampled_from(["pull_request", "before", "inputs", "merge_group"]), json_values),
)
def test_whatever_a_payload_holds_a_range_names_commits_alone(event: str, payload: dict[str, object]) -> None:
    try:
        span = occasion(event, payload).span
    except UsageError:
        return
    base = getattr(span, "base", "") or getattr(span, "before", "")
    assert base == "" or COMMIT.fullmatch(base)
