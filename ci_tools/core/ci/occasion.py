"""Why a workflow runs, read from the event's payload: the range to plan, and the pull request where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ci_tools.core.changes import Everything, Push, Since, Span
from ci_tools.errors import UsageError

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
EVERYTHING = ("schedule", "repository_dispatch")
KNOWN = ("merge_group", "pull_request", "push", "workflow_dispatch", *EVERYTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The pull request of an event. `fork`: its commits come from another repository than the one they go to."""

    number: int
    head: str  # commit id
    head_ref: str  # a branch's name: chosen by whoever opened it
    base: str  # commit id
    base_ref: str
    fork: bool
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One event. `span` is what it changed; `because` says so in a few words, with nothing in it that others chose."""

    event: str
    span: Span
    because: str
    pull: PullRequest | None = None


def occasion(event: str, payload: Mapping[str, Any]) -> Occasion:
    """What `event` (GITHUB_EVENT_NAME) with this payload asks for; UsageError where it is none that plans anything.

    For a pull request the span is the merge that GitHub made of it and checked out, against its first parent: what the
    merge would change, whatever else was merged meanwhile.
    """
    match event:
        case "pull_request":
            pull = pull_request(payload)
            span: Span = Since(base=pull.base)
            return Occasion(event=event, span=span, because=f"pull request {pull.number}", pull=pull)
        case "merge_group":
            base = _commit(payload, "merge_group", "base_sha")
            return Occasion(event=event, span=Since(base=base), because=f"a merge queue's group, on {base[:12]}")
        case "push":
            return _push(payload)
        case "workflow_dispatch":
            return _dispatch(payload)
        case _ if event in EVERYTHING:
            return Occasion(event=event, span=Everything(), because=f"{event}: everything that the channel lacks")
        case _:
            raise UsageError(f"the event `{event}` plans nothing", hint=f"known: {', '.join(KNOWN)}")


def pull_request(payload: Mapping[str, Any]) -> PullRequest:
    """The pull request that a `pull_request` event is about."""
    head, base = _at(payload, "pull_request", "head"), _at(payload, "pull_request", "base")
    # A head repository that was deleted is null, and another one than ours.
    source, ours = (_mapping(side.get("repo")).get("full_name") for side in (head, base))
    return PullRequest(
        number=_number(payload, "pull_request", "number"),
        head=_commit(payload, "pull_request", "head", "sha"),
        head_ref=str(head.get("ref", "")),
        base=_commit(payload, "pull_request", "base", "sha"),
        base_ref=str(base.get("ref", "")),
        fork=not ours or source != ours,
        open=_at(payload, "pull_request").get("state", "open") == "open",
    )


def _push(payload: Mapping[str, Any]) -> Occasion:
    before = str(payload.get("before") or "0" * 40)
    if not COMMIT.fullmatch(before):
        raise _incomplete("before")
    listed = payload.get("commits")
    commits = len(listed) if isinstance(listed, list) else 0
    if not before.strip("0"):
        because = "a first push: everything that the channel lacks"
    elif payload.get("forced"):
        because = "a forced push: everything that the channel lacks"
    else:
        because = f"a push of {commits} {'commit' if commits == 1 else 'commits'} onto {before[:12]}"
    return Occasion(event="push", span=Push(before=before), because=because)


def _dispatch(payload: Mapping[str, Any]) -> Occasion:
    base = str(_mapping(payload.get("inputs")).get("base") or "").strip()
    if not base:
        return Occasion(event="workflow_dispatch", span=Everything(), because="by hand: everything that it lacks")
    if not COMMIT.fullmatch(base):
        raise UsageError("the input `base` is no commit id", hint="give all 40 digits, or leave it empty")
    return Occasion(event="workflow_dispatch", span=Since(base=base), because=f"by hand, since {base[:12]}")


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 (whatever the payload holds)
    return value if isinstance(value, Mapping) else {}


def _at(payload: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = payload
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise _incomplete(".".join(path))
    return found


def _commit(payload: Mapping[str, Any], *path: str) -> str:
    found = _at(payload, *path[:-1]).get(path[-1])
    if not isinstance(found, str) or not COMMIT.fullmatch(found):
        raise _incomplete(".".join(path))
    return found


def _number(payload: Mapping[str, Any], *path: str) -> int:
    found = _at(payload, *path[:-1]).get(path[-1])
    if type(found) is not int or found < 1:
        raise _incomplete(".".join(path))
    return found


def _incomplete(path: str) -> UsageError:
    return UsageError(f"the event's payload has no `{path}`", hint="GITHUB_EVENT_PATH is to name the event's JSON")
