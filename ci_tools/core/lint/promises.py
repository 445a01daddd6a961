"""What the channel has promised already: names, versions and builds."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core.edits import Edit, redefining
from ci_tools.core.lint.rule import Level, Rule, Spot, Subject, name_field
from ci_tools.core.version import VersionOrder
from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from ci_tools.core.written import Field, Written

OFFSET = 100  # build numbers from here on tell variants apart, and do not count builds


def number_field(written: Written) -> Field | None:
    """Where the build number is written."""
    for package in dict.fromkeys(((), *written.packages())):
        if found := written.first(*package, "build", "number"):
            return found
    return None


def version_field(written: Written) -> Field | None:
    """Where the version is written, or taken from a template."""
    for package in dict.fromkeys(((), *written.packages())):
        if found := (
            written.first(*package, "package", "version") or (written.first(*package, "version") if package else None)
        ):
            return found
    return written.first("recipe", "version")


def numbered(written: Written, number: int) -> tuple[Edit, ...]:
    """The edits that set the build number; none where it is not written in one place."""
    where = number_field(written)
    return redefining(written, where, str(number)) if where else ()


def _made(subject: Subject) -> Mapping[str, Mapping[str, int]]:
    """Name -> version -> the highest build number that the recipe makes of it."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for output in subject.outputs:
        dist = output.filename.dist
        found[dist.name][dist.version] = max(output.build_number, found[dist.name].get(dist.version, 0))
    return found


def _published(subject: Subject, name: str) -> Collection[tuple[str, int]]:
    return (subject.surroundings.published or {}).get(name, ())


def _not_bumped(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    refusals = subject.surroundings.refusals.get(written.recipe.directory, ())
    if refusals:
        made = _made(subject)
        kept = [n for name, held in made.items() for v, n in _published(subject, name) if v in held]
        free = max(kept, default=-1) + 1
        more = f" and {len(refusals) - 1} more" if len(refusals) > 1 else ""
        message = f"{refusals[0].because}{more}: it changed, and its build number did not"
        edits = numbered(written, free)
        yield Spot.at(
            number_field(written) or version_field(written), message, f"set the build number to {free}", edits
        )


def _downwards(subject: Subject) -> Iterator[Spot]:
    for name, versions in _made(subject).items():
        highest = _highest(version for version, _ in _published(subject, name))
        made = _highest(versions)
        if highest and made and name not in subject.surroundings.shared and _below(made, highest):
            message = f"`{name}` is {made} here and {highest} in the channel"
            hint = "clients keep what is higher: raise the version, or its epoch (`1!…`), or yank the other one"
            yield Spot.at(version_field(subject.written), message, hint)


def _highest(versions: Collection[str] | Iterator[str]) -> str:
    found = ""
    for version in versions:
        found = version if not found or _below(found, version) else found
    return found


def _below(one: str, other: str) -> bool:
    try:
        return VersionOrder.parse(one) < VersionOrder.parse(other)
    except PackageError:
        return False


def _number_downwards(subject: Subject) -> Iterator[Spot]:
    if subject.written.recipe.directory in subject.surroundings.refusals:
        return  # `not-bumped` says the same, and more
    for name, versions in _made(subject).items():
        for version, number in versions.items():
            held = max((n for v, n in _published(subject, name) if v == version), default=-1)
            if number < held:
                message = f"`{name}` {version} has build number {number} here and {held} in the channel"
                edits = numbered(subject.written, held + 1)
                yield Spot.at(number_field(subject.written), message, f"set it to {held + 1}", edits)
                return


def _not_reset(subject: Subject) -> Iterator[Spot]:
    for name, versions in _made(subject).items():
        held = _published(subject, name)
        fresh = [v for v in versions if held and v not in {version for version, _ in held}]
        if fresh and 0 < versions[fresh[0]] < OFFSET:
            message = f"`{name}` {fresh[0]} is new, and its build number is {versions[fresh[0]]}"
            yield Spot.at(number_field(subject.written), message, "begin at 0", numbered(subject.written, 0))
            return


def _owned(subject: Subject) -> Iterator[Spot]:
    own = subject.written.recipe.file
    for name in (each for each in subject.names if each not in subject.surroundings.shared):
        others = sorted(set(subject.surroundings.makers.get(name, ())) - {own})
        if others:
            hint = "rename the output in one of them, or remove it"
            where = _named(subject.written, name)
            yield Spot.at(where, f"the package `{name}` is also made by {' and '.join(others)}", hint)


def _named(written: Written, name: str) -> Field | None:
    fields = [found for package in written.packages() if (found := name_field(written, package))]
    exact = (field for field in fields if written.resolved(field.value or "").lower() == name)
    return next(exact, fields[0] if fields else None)


def _shadows(subject: Subject) -> Iterator[Spot]:
    upstream = subject.surroundings.upstream
    for name in subject.names:
        if name in upstream.names:
            message = f"`{name}` is also the name of a package in {upstream.where}"
            hint = "rename it, as `acme-…`; if it is meant to replace that one, skip this with the reason"
            yield Spot.at(_named(subject.written, name), message, hint)


RULES = (
    Rule(
        id="not-bumped",
        level=Level.ERROR,
        title="the recipe changed, and a build of that name is published",
        why="A file name is a promise: what is published under it is never replaced. The plan refuses it.",
        how="Raise the build number, or the version.",
        check=_not_bumped,
        fixes=True,
    ),
    Rule(
        id="version-goes-down",
        level=Level.ERROR,
        title="the channel holds a higher version",
        why="Clients take the highest: nobody who does not ask for this one gets it.",
        how="Raise the version, or its epoch (`1!2.0`); or yank the higher one. A line that is maintained beside a "
        "newer one skips this with that reason.",
        check=_downwards,
    ),
    Rule(
        id="number-goes-down",
        level=Level.ERROR,
        title="the channel holds a higher build number of this version",
        why="Clients take the highest build of a version: what is built now would be installed by nobody.",
        how="Set the build number above the one that is published.",
        check=_number_downwards,
        fixes=True,
    ),
    Rule(
        id="number-not-reset",
        level=Level.NOTICE,
        title="a new version does not begin at build number 0",
        why="The build number counts the builds of one version.",
        how="Set it to 0 with each new version.",
        check=_not_reset,
        fixes=True,
    ),
    Rule(
        id="owned-elsewhere",
        level=Level.ERROR,
        title="another recipe makes a package of that name",
        why="One package has one owner; of two, whichever is built last decides what is installed.",
        how="Rename the output in one of the recipes, or remove it.",
        check=_owned,
    ),
    Rule(
        id="shadows-upstream",
        level=Level.WARNING,
        title="the package is called like one of another channel",
        why="Clients with strict priority never see the other one again; with any other priority both mix, and which "
        "one is installed depends on versions.",
        how="Choose a name that is yours. If replacing it is the point, skip the rule with that reason.",
        check=_shadows,
    ),
)
