"""What a recipe is, and what it makes once a back end has rendered it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ci_tools.core.package import Filename, Subdir


class Dialect(StrEnum):
    """Which language a recipe is written in; recognised by content, never by name alone."""

    V1 = "v1"  # recipe.yaml, CEP 13 and 14
    V0 = "v0"  # meta.yaml
    BOA = "boa"  # boa's own recipe.yaml

    @property
    def filename(self) -> str:
        """What the file of such a recipe is called."""
        return "meta.yaml" if self is Dialect.V0 else "recipe.yaml"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Recipe:
    """A recipe of the repository.

    `directory` and `file` are POSIX paths relative to the repository's root; `name` is the directory's own name.
    """

    name: str
    directory: str
    file: str
    dialect: Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One package that a recipe makes for one subdir and one variant, as rendered.

    `filename.dist` carries the rendered build string. `subdir` is the package's own (noarch for noarch).
    `build`, `host`, `run`, `test` hold match specs, already evaluated; `variant` only the keys that the output uses.
    `sources` are path sources as written in the recipe, relative to its directory.
    `needs` are the system programs it cannot be built without (`extra: channel: {needs: [cc]}` in the recipe).
    """

    recipe: Recipe
    filename: Filename
    subdir: Subdir
    build_number: int
    build: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    variant: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
