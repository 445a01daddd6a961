"""Detect: which files and recipes there are, and what a span of commits changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.changes import ChangeSet, Everything, Push, Since, Span
from ci_tools.core.dialect import dialect_of
from ci_tools.core.ownership import recipes_in
from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.core.tree import Tree
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from ci_tools.ports import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the working tree holds; `changes` have an empty base where there is no range to look at.

    `doubts`: file of a recipe whose dialect cannot be told -> why not.
    """

    changes: ChangeSet
    tree: Tree
    recipes: tuple[Recipe, ...]
    doubts: Mapping[str, str]
    problems: tuple[Problem, ...]


def detect(repository: Repository, below: str, span: Span, neutral: Dialect | None = None) -> Detected:
    """What lies in the folder `below` and deeper, and what `span` changed, uncommitted changes included.

    `neutral` is the dialect of a recipe.yaml that could be of several, should channel.yaml say so.
    UsageError where the span's end is not what is checked out: recipes are read from the working tree.
    """
    head = "HEAD" if isinstance(span, Everything) else span.head
    _require_checked_out(repository, head)
    changes = repository.changes(_base(repository, span), head)
    tree = Tree(files=repository.files(), links=repository.links())
    found, misplaced = recipes_in(tree.files, below)
    told = {recipe: _dialect(repository, tree, recipe) for recipe in found}
    doubts = {recipe.file: said for recipe, said in told.items() if not isinstance(said, Dialect) and neutral is None}
    recipes = (
        replace(recipe, dialect=said if isinstance(said, Dialect) else neutral or recipe.dialect)
        for recipe, said in told.items()
    )
    return Detected(changes=changes, tree=tree, recipes=tuple(recipes), doubts=doubts, problems=misplaced)


def _dialect(repository: Repository, tree: Tree, recipe: Recipe) -> Dialect | str:
    """The dialect, or why it cannot be told. What cannot be read is nobody's doubt: rendering says what is wrong."""
    if recipe.dialect is Dialect.V0 or (tree.links and tree.follow(recipe.file) not in tree.files):
        return recipe.dialect
    return dialect_of(recipe.file.rpartition("/")[2], repository.read(recipe.file).decode("utf-8", "replace"))


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
