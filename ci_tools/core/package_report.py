"""What is in a package, and what that changes for those who have the published one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ci_tools.core.package import Filename, RunExports, Subdir


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageReport:
    """A package seen from outside. `files`: path -> lower-hex SHA-256, or where a link leads, of what is installed.

    `sonames`: path -> soname; `linked`: the sonames that its files need and that are not in the package itself;
    `prefixes`: path -> text or binary, of the files that the prefix is written into when they are installed.
    """

    filename: Filename
    subdir: Subdir
    size: int
    files: Mapping[str, str]
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    run_exports: RunExports = field(default_factory=RunExports)
    licenses: tuple[str, ...] = ()
    sonames: Mapping[str, str] = field(default_factory=dict)
    linked: tuple[str, ...] = ()
    prefixes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is gone and what is new of one kind; `altered` is there in both and not the same."""

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.altered)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDiff:
    """From `before`, which is published, to the package at hand. `grown` is in bytes."""

    before: Filename
    files: Change
    depends: Change
    constrains: Change
    run_exports: Change
    sonames: Change
    linked: Change
    licenses: Change
    grown: int

    @property
    def breaks(self) -> tuple[str, ...]:
        """What those who depend on it will notice, in sentences."""
        sonames = (f"the soname {name} is gone" for name in self.sonames.gone)
        exports = (f"it no longer exports `{spec}`" for spec in self.run_exports.gone)
        return (*sonames, *exports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A package and its difference to its predecessor; `diff` is None where there is none, or none can be read."""

    package: PackageReport
    diff: PackageDiff | None = None


def difference(before: PackageReport, after: PackageReport) -> PackageDiff:
    """What changed between two packages of one name."""
    altered = (path for path in before.files.keys() & after.files.keys() if before.files[path] != after.files[path])
    gone, new = before.files.keys() - after.files.keys(), after.files.keys() - before.files.keys()
    return PackageDiff(
        before=before.filename,
        files=Change(gone=tuple(sorted(gone)), new=tuple(sorted(new)), altered=tuple(sorted(altered))),
        depends=_changed(before.depends, after.depends),
        constrains=_changed(before.constrains, after.constrains),
        run_exports=_changed(_exports(before), _exports(after)),
        sonames=_changed(before.sonames.values(), after.sonames.values()),
        linked=_changed(before.linked, after.linked),
        licenses=_changed(before.licenses, after.licenses),
        grown=after.size - before.size,
    )


def _exports(report: PackageReport) -> tuple[str, ...]:
    return tuple(f"{kind}: {spec}" for kind, specs in report.run_exports.to_json().items() for spec in specs)


def _changed(before: Iterable[str], after: Iterable[str]) -> Change:
    old, new = set(before), set(after)
    return Change(gone=tuple(sorted(old - new)), new=tuple(sorted(new - old)))
