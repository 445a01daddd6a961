"""What is to be rendered: every recipe on every machine, and a digest of all that its rendering reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.ownership import owned
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Recipe
from ci_tools.core.tree import LINK
from ci_tools.core.variants import candidates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One recipe to render on one machine. `variants` are the variants files that count, the later over the earlier.

    Equal digests mean equal outputs, as long as the back end is the same; an empty one promises nothing. `doubt` says
    why the dialect cannot be told, if it cannot: then the recipe is only looked at for mistakes that any dialect has.
    """

    recipe: Recipe
    machine: Subdir
    variants: tuple[str, ...] = ()
    digest: str = ""
    doubt: str = ""


def assignments(
    tree: Tree,
    recipes: Sequence[Recipe],
    machines: Iterable[Subdir],
    first: str = "",
    doubts: Mapping[str, str] | None = None,
) -> tuple[Assignment, ...]:
    """Every recipe on every machine, by machine; `first` is the variants file that channel.yaml names.

    `doubts`: file of a recipe whose dialect cannot be told -> why not.
    """
    doubted = doubts or {}
    own = owned(tree.files, recipes)
    prepared = [(recipe, variants := _variants(recipe, tree, first), _read(own[recipe.directory], variants, tree))
                for recipe in recipes]  # fmt: skip
    return tuple(
        Assignment(
            recipe=recipe,
            machine=machine,
            variants=variants,
            digest=_digest(recipe, machine, entries),
            doubt=doubted.get(recipe.file, ""),
        )
        for machine in machines
        for recipe, variants, entries in prepared
    )


def _variants(recipe: Recipe, tree: Tree, first: str) -> tuple[str, ...]:
    return tuple(path for path in candidates(recipe.directory, first) if path in tree.files)


def _read(own: Mapping[str, str], variants: Sequence[str], tree: Tree) -> bytes:
    """What rendering may read, as bytes; none where a link is among it, for what that leads to may change unseen."""
    entries = {**own, **{path: tree.files[path] for path in variants}}
    if any(entry.startswith(LINK) for entry in entries.values()):
        return b""
    lines = (f"{path}\0{entry}\0" for path, entry in (*sorted(own.items()), *((v, tree.files[v]) for v in variants)))
    return "".join(lines).encode("utf-8", "surrogateescape")


def _digest(recipe: Recipe, machine: Subdir, entries: bytes) -> str:
    if not entries:
        return ""
    head = f"{recipe.dialect}\0{recipe.file}\0{machine}\0".encode()
    return hashlib.sha256(head + entries).hexdigest()
