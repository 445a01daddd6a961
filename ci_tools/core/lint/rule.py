"""A rule, what it looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ci_tools.core.edits import Edit
from ci_tools.core.plan import Refusal
from ci_tools.core.recipe import Output
from ci_tools.core.written import Field, Written
from ci_tools.errors import Problem


class Level(StrEnum):
    """How grave it is; only an error fails the run."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One place where a rule does not hold. `path` is empty for the recipe's own file; `edits` mend it, if any."""

    message: str
    hint: str = ""
    path: str = ""
    line: int = 1
    column: int = 0
    edits: tuple[Edit, ...] = ()

    @classmethod
    def at(cls, where: Field | None, message: str, hint: str = "", edits: tuple[Edit, ...] = ()) -> Spot:
        """The spot at a field of the recipe's file, a mapping's at its key; at the first line where there is none."""
        line, column = (1, 0) if where is None else (where.line, where.column)
        if where is not None and where.value is None and where.key_line != where.line:
            line, column = where.key_line, 0
        return cls(message=message, hint=hint, line=line, column=column, edits=edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A file in the recipe's folder. `text` is empty where it is larger than people write, or no text."""

    path: str
    size: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What other people's channels hold: package names. `is_all` is false where they come from the list we keep."""

    names: Collection[str] = frozenset()
    where: str = ""
    is_all: bool = False


def _nobody_has(_program: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a recipe stands in.

    `makers`: package name -> files of the recipes that make it; those of `shared` may be several: each makes a version
    of its own. `published`: package name -> (version, build number)
    of each build; None where the channel could not be asked. `has(program)`: whether this machine has it.
    """

    makers: Mapping[str, Collection[str]] = field(default_factory=dict)
    shared: Collection[str] = frozenset()
    published: Mapping[str, Collection[tuple[str, int]]] | None = None
    refusals: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    upstream: Upstream = field(default_factory=Upstream)
    has: Callable[[str], bool] = _nobody_has


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A recipe as rules see it. `outputs` are of every machine; there are none where it does not render."""

    written: Written
    outputs: tuple[Output, ...] = ()
    beside: tuple[Beside, ...] = ()
    problems: tuple[Problem, ...] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def names(self) -> tuple[str, ...]:
        """The packages it makes, as rendered, else as written and known without rendering."""
        if self.outputs:
            return tuple(dict.fromkeys(output.filename.dist.name for output in self.outputs))
        return written_names(self.written)


def written_names(written: Written) -> tuple[str, ...]:
    """The names of the packages of a recipe that are known without rendering it."""
    fields = (name_field(written, path) for path in written.packages())
    said = (written.resolved(each.value).lower() for each in fields if each is not None and each.value)
    return tuple(dict.fromkeys(name for name in said if "{" not in name))


def name_field(written: Written, package: tuple[str | int, ...]) -> Field | None:
    """Where the package at this path is named."""
    return written.first(*package, "package", "name") or (written.first(*package, "name") if package else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that recipes are held to.

    `title` says what is so where it does not hold; `why` and `how` are a sentence or two each, for `--explain`.
    `fixes` says whether `--fix` can mend it. `check` finds every spot, and never fails: what it does not understand
    it leaves alone.
    """

    id: str
    level: Level
    title: str
    why: str
    how: str
    check: Callable[[Subject], Iterable[Spot]]
    fixes: bool = False
    of_text: bool = False  # it is asked of a file that is no YAML, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found in a recipe: the value that is shown, annotated and written as JSON. Lines count from 1."""

    rule: str
    level: Level
    recipe: str
    path: str
    line: int
    column: int
    message: str
    hint: str
    fixable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A finding that the recipe says not to mind, with its reason."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What lint found in `recipes` recipes. `unasked` says what could not be looked at, and why."""

    recipes: int
    findings: tuple[Finding, ...] = ()
    waived: tuple[Waived, ...] = ()
    fixed: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether there is an error among the findings."""
        return any(finding.level is Level.ERROR for finding in self.findings)
