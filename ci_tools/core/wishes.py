"""Why an output is asked for: what changed in the range, or that the channel lacks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.core.ownership import readable, touched
from ci_tools.core.package import Subdir
from ci_tools.core.plan import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_tools.core.changes import ChangeSet
    from ci_tools.core.holdings import Product
    from ci_tools.core.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Why something is asked for: `because` is one sentence."""

    reason: Reason
    because: str


LACKING = Wish(reason=Reason.MISSING, because="the channel lacks it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Recipe directory -> why all that it makes is asked for; machine -> why all that is made on it is."""

    recipes: Mapping[str, Wish]
    machines: Mapping[Subdir, Wish] = field(default_factory=dict)

    def of(self, product: Product) -> Wish | None:
        """Why `product` is asked for, if it is."""
        return self.recipes.get(product.recipe) or self.machines.get(product.machine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigured:
    """What a range says otherwise of values and machines.

    `keys`: recipe directory -> the variant keys that it uses and that are changed; `files`: the changed files that say
    so, which are nobody's; `machines`: the subdirs that are built for from now on.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    machines: tuple[Subdir, ...] = ()


def everything(recipes: Iterable[Recipe]) -> Wishes:
    """All that the channel lacks."""
    return Wishes(recipes={recipe.directory: LACKING for recipe in recipes})


def of_range(
    changes: ChangeSet,
    recipes: Sequence[Recipe],
    outside: Mapping[str, Iterable[str]],
    reconfigured: Reconfigured,
) -> tuple[Wishes, tuple[str, ...]]:
    """What a range asks for, and the changed paths that are nobody's.

    `outside`: recipe directory -> paths outside of it that it is made from too.
    """
    changed, unowned = touched(changes.changes, recipes, outside)
    asked = {directory: _keys(keys) for directory, keys in reconfigured.keys.items() if keys}
    asked |= {directory: Wish(reason=Reason.CHANGED, because=_paths(paths)) for directory, paths in changed.items()}
    machines = {
        machine: Wish(reason=Reason.SUBDIR, because=f"{machine} is new in channel.yaml")
        for machine in reconfigured.machines
    }
    return Wishes(recipes=asked, machines=machines), tuple(path for path in unowned if path not in reconfigured.files)


def _keys(keys: Sequence[str]) -> Wish:
    named = ", ".join(f"`{key}`" for key in keys)
    word = "key" if len(keys) == 1 else "keys"
    return Wish(reason=Reason.VARIANT, because=f"variant {word} {named} changed")


def _paths(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"`{readable(paths[0])}`{more} changed"
