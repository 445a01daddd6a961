"""Detect: which files and recipes there are, and what a span of commits changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.changes import ChangeSet, Everything, Push, Since, Span
from ci_tools.core.ownership import recipes_in
from ci_tools.core.recipe import Recipe
from ci_tools.core.tree import Tree
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from ci_tools.ports import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the working tree holds; `changes` have an empty base where there is no range to look at."""

    changes: ChangeSet
    tree: Tree
    recipes: tuple[Recipe, ...]
    problems: tuple[Problem, ...]


def detect(repository: Repository, below: str, span: Span) -> Detected:
    """What lies in the folder `below` and deeper, and what `span` changed, uncommitted changes included.

    UsageError where the span's end is not what is checked out: recipes are read from the working tree.
    """
    head = "HEAD" if isinstance(span, Everything) else span.head
    _require_checked_out(repository, head)
    changes = repository.changes(_base(repository, span), head)
    tree = Tree(files=repository.files(), links=repository.links())
    recipes, problems = recipes_in(tree.files, below)
    return Detected(changes=changes, tree=tree, recipes=recipes, problems=problems)


def _require_checked_out(repository: Repository, head: str) -> None:
    if head != "HEAD" and repository.commit(head) not in {"", repository.commit("HEAD")}:
        message = f"`{head}` is not what is checked out, and recipes are read from the working tree"
        raise UsageError(message, hint=f"git switch --detach {head}")


def _base(repository: Repository, span: Span) -> str:
    """The commit to compare with; empty where everything is to be compared with the channel instead."""
    match span:
        case Everything():
            return ""
        case Since(base=base, head=head):
            return _parted(repository, base, head)
        case Push(before=before, head=head):
            known = "" if not before.strip("0") else repository.commit(before)
            # A force-push: what was replaced is gone, or is no ancestor, and its packages may be published.
            return known if known and repository.merge_base(known, head) == known else ""
        case _:
            assert_never(span)


def _parted(repository: Repository, base: str, head: str) -> str:
    found = repository.merge_base(base, head)
    if not found:
        hint = "name another base, or compare with what is published: --missing"
        raise UsageError(f"`{base}` and `{head}` have no commit in common", hint=hint)
    return found
