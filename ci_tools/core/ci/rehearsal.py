"""What a merge would publish: the value that travels from a pull request's run to its comment. It is never believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.package import Filename, PackageRecord, Subdir
from ci_tools.core.version import VersionOrder
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_tools.core.handover import Candidate
    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.receipt import Refused

COMPARED = ("depends", "constrains", "license", "track_features", "noarch")
LONGEST = 200  # entries of each list that are carried


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """What a field of the record says otherwise than in the predecessor; each value as one text."""

    name: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A package that a merge would publish. `replaces` is the newest published one of its name, empty where none is."""

    filename: Filename
    subdir: Subdir
    size: int
    sha256: str
    recipe: str
    replaces: str = ""
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Something that a merge would not publish, and why. `path` is a file of the repository, or empty."""

    what: str
    because: str
    hint: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """preview.json. `pull` is 0 where the run was for no pull request; `unknown`: why the channel could not be read."""

    pull: int
    head: str
    channel: str
    generation: int
    expected: tuple[Expected, ...] = ()
    objections: tuple[Objection, ...] = ()
    skipped: int = 0
    unknown: str = ""

    @property
    def conclusion(self) -> str:
        """What a check says."""
        return "failure" if self.objections else "success"


def expected(candidate: Candidate, published: Sequence[PackageRecord]) -> Expected:
    """The package of `candidate`, beside those `published` in its subdir under its name."""
    record = candidate.artifact.record
    before = newest(published)
    return Expected(
        filename=candidate.artifact.filename,
        subdir=record.subdir,
        size=record.size,
        sha256=record.sha256,
        recipe=candidate.planned.recipe,
        replaces=str(before.dist) if before else "",
        changes=changes(before, record) if before else (),
    )


def newest(records: Sequence[PackageRecord]) -> PackageRecord | None:
    """The one that a solver takes: the highest version, then the highest build number."""
    try:
        return max(records, key=lambda r: (VersionOrder.parse(r.version), r.build_number), default=None)
    except PackageError:  # a version that no order is known for
        return max(records, key=lambda r: (r.timestamp or 0, r.build_number), default=None)


def changes(before: PackageRecord, after: PackageRecord) -> tuple[FieldChange, ...]:
    """The fields in which the records differ beyond what differs always."""
    pairs = ((name, _texts(before, name), _texts(after, name)) for name in COMPARED)
    return tuple(
        FieldChange(name=name, removed=_without(old, new), added=_without(new, old))
        for name, old, new in pairs
        if old != new
    )


def _texts(record: PackageRecord, name: str) -> tuple[str, ...]:
    value = getattr(record, name)
    return value if isinstance(value, tuple) else (() if value is None else (str(value),))


def _without(texts: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text not in others)


def objections(plan: BuildPlan, refused: Sequence[Refused]) -> tuple[Objection, ...]:
    """What the plan refuses, then what was not built or is not what was asked for."""
    files: Mapping[str, str] = {f"{o.subdir}/{o.filename}": o.file for o in plan.outputs()}
    planned = (
        Objection(what=r.what, because=r.because, hint=r.hint, path=_file(plan, r.recipe)) for r in plan.refusals
    )
    handed = (Objection(what=r.what, because=r.because, hint=r.hint, path=files.get(r.what, "")) for r in refused)
    return (*planned, *handed)[:LONGEST]


def _file(plan: BuildPlan, recipe: str) -> str:
    """The recipe's file, where the plan names it; a refused recipe may have nothing else planned."""
    return next((output.file for output in plan.outputs() if output.recipe == recipe), recipe)
