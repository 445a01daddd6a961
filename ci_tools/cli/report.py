"""`channel report`: what packages hold, and what they change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.plan import held
from ci_tools.core.package import ArchiveFormat, Subdir
from ci_tools.core.package_report import Reported
from ci_tools.core.package_report_text import report_markdown, report_text
from ci_tools.errors import RemoteError, StoreError, TrustError, UsageError
from ci_tools.flows.compare import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ci_tools.cli.run import Run
    from ci_tools.core.holdings import PublishedOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What `channel report` puts on stdout."""

    packages: tuple[Reported, ...]


@click.command("report")
@click.argument("places", metavar="[FILE|FOLDER]…", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.pass_obj
def command(run: Run, places: tuple[Path, ...]) -> None:
    """Say what packages hold, and what they change against the published ones before them.

    Files, or folders of them like `dist`, which is the default. On a code host it goes to the run's summary.
    """
    found = list(_packages(places or (Path("dist"),)))
    known = _published(run, {subdir for _, subdir in found})
    source, reader = wiring.own_source(run.config), wiring.package_reader(run.config)
    reports = Reports(packages=compare(found, wiring.inspected, known, source, reader))
    run.host.summarise(report_markdown(reports.packages))
    run.emit(reports, lambda value: report_text(value.packages))


def _packages(places: Iterable[Path]) -> Iterator[tuple[Path, Subdir]]:
    """Each package below the places, in order of the paths; what the back ends set aside is none."""
    for place in places:
        if not place.exists():
            raise UsageError(f"there is no `{place}`", hint="build something: channel build")
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in files:
            is_ours = path.absolute().parent.name in set(Subdir) and ".work" not in path.parts
            if is_ours and path.name.endswith(tuple(ArchiveFormat)) and path.is_file():
                yield path, Subdir(path.absolute().parent.name)


def _published(run: Run, subdirs: set[Subdir]) -> Mapping[Subdir, Sequence[PublishedOutput]]:
    try:
        return held(run, tuple(sorted(subdirs))).outputs
    except (RemoteError, StoreError, TrustError) as exc:
        run.host.say(f"the channel cannot be read, so there is nothing to compare with: {exc}")
        return {}
