"""What a recipe is, and what it makes once a back end has rendered it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ci_tools.core.package import Filename, Subdir
from ci_tools.errors import Problem


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
class Fetched:
    """A source that is not part of the repository: an archive at `url`, or a git repository there at `rev`."""

    url: str
    checksum: str = ""  # as written: SHA-256, or what the dialect has instead
    rev: str = ""
    is_git: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a recipe says of an output besides how it is made; lint looks at it. `tests` is how many there are."""

    license: str = ""
    license_files: tuple[str, ...] = ()
    summary: str = ""
    homepage: str = ""
    tests: int = 0
    fetched: tuple[Fetched, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One package that a recipe makes for one subdir and one variant, as rendered.

    `filename.dist` carries the rendered build string; where `certain` is false, only the back end can know it, and
    the one here (`unknown<digest>_<number>`) merely tells variants apart: name, version and build number hold.
    `subdir` is the package's own (noarch for noarch).
    `build`, `host`, `run`, `test` hold match specs, already evaluated; `variant` only the keys that the output uses.
    `run_exports` are (kind, spec) pairs, kind as in CEP 14: weak, strong, noarch, weak_constraints, …; `ignores` are
    the names whose run_exports it does not take over.
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
    run_exports: tuple[tuple[str, str], ...] = ()
    ignores: tuple[str, ...] = ()
    certain: bool = True
    about: About = field(default_factory=About)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What one recipe makes on one machine, in the recipe's order, or what is wrong with it.

    No outputs and no problems: the recipe says `skip` there.
    """

    recipe: Recipe
    machine: Subdir
    outputs: tuple[Output, ...] = ()
    problems: tuple[Problem, ...] = ()
