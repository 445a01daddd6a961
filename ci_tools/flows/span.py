"""Span: the range of an event in this clone, where the event alone does not say it well enough."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ci_tools.core.changes import Since
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from ci_tools.core.changes import Span
    from ci_tools.core.ci.occasion import Occasion
    from ci_tools.ports import Repository


def span(occasion: Occasion, repository: Repository) -> Span:
    """The range to plan.

    A pull request is checked out as the merge that GitHub made of it. The base in the event may be older than what
    that merge was made with; its first parent is what it was made with.
    """
    if occasion.pull is None or not isinstance(occasion.span, Since):
        return occasion.span
    if _commit(repository, "HEAD^2") == occasion.pull.head:
        return Since(base=repository.commit("HEAD^1"))
    if _commit(repository, f"refs/remotes/origin/{occasion.pull.base_ref}"):
        return Since(base=f"refs/remotes/origin/{occasion.pull.base_ref}")
    return replace(occasion.span, head="HEAD")


def _commit(repository: Repository, ref: str) -> str:
    try:
        return repository.commit(ref)
    except UsageError:  # a shallow clone may lack it: what comes next says so with a way out
        return ""
