"""Compare: what packages on this machine hold, and what they change against the published ones before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package_report import PackageReport, Reported, difference
from ci_tools.core.version import VersionOrder
from ci_tools.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from ci_tools.core.holdings import PublishedOutput
    from ci_tools.core.package import Filename, Subdir
    from ci_tools.ports import ChannelSource, PackageReader


def compare(
    packages: Iterable[tuple[Path, Subdir]],
    inspect: Callable[[Path, Subdir], PackageReport],
    published: Mapping[Subdir, Sequence[PublishedOutput]],
    source: ChannelSource,
    reader: PackageReader,
) -> tuple[Reported, ...]:
    """A report for each package, in order; PackageError where one of them is none."""
    reports = []
    for path, subdir in packages:
        after = inspect(path, subdir)
        before = _predecessor(after.filename, published.get(subdir, ()))
        diff = None
        if before is not None:
            try:
                found = reader.receive(source.stream(layout.package_key(subdir, before)), before, subdir)
                diff = difference(inspect(found.path, subdir), after)
            except NotFoundError:  # a garbage collection was faster
                diff = None
        reports.append(Reported(package=after, diff=diff))
    return tuple(reports)


def _predecessor(filename: Filename, published: Sequence[PublishedOutput]) -> Filename | None:
    """The newest published file of the name that is not newer; of all, where all are."""
    dist = filename.dist
    known = sorted(
        (VersionOrder.parse(o.filename.dist.version), o.build_number, str(o.filename), o.filename)
        for o in published
        if o.filename.dist.name == dist.name and o.filename != filename
    )
    here = VersionOrder.parse(dist.version)
    older = [each for each in known if each[0] <= here]
    return (older or known)[-1][-1] if known else None
