"""What one package more costs, side by side with rattler's index_s3 on the same server: `python -m tests.bench.index`.

CPU seconds and requests are what counts: wall time is that of whatever machine this is.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from tests.bench.channels import BUCKET, HERE, Bench, bench, brought, grown, json_of, sent
from tests.bench.figures import Figure
from tests.bench.plot import Point, plotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.package import Subdir
    from ci_tools.core.repodata import IndexState
    from tests.bench.channels import Cost

SIZES = (1_000, 10_000, 50_000, 200_000)  # packages in the channel
MEASURED = 50_000  # the size that the bounds are for
RATTLER_UP_TO = 50_000  # beyond, rattler alone would take most of an hour
AT_ONCE = 1_000  # packages in one large publish
TIMES = 3
OUT = HERE.parents[1] / ".bench"


def figures(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Every size, the bounds at MEASURED; ends with a plot."""
    points = []
    for size in sizes:
        with bench() as made:
            states = grown(made, size)
            one = _one_more(made, size)
            yield from _ours(size, one)
            theirs = _rattler(made, states) if size <= RATTLER_UP_TO else None
            if theirs:
                yield from _theirs(size, one, theirs)
            if size == MEASURED:
                yield from _many(made)
                yield from _verified(made, size)
            points.append(Point(size=size, ours=one.cpu, theirs=theirs.cpu if theirs else None))
    OUT.mkdir(exist_ok=True)
    plotted(points, OUT / "index.svg")


def _one_more(made: Bench, size: int) -> Cost:
    """The least of a few publishes of one package; the first one, which probes the store, is not counted."""
    costs = [made.channel(*made.delivery(f"one{size}x{n}", brought(f"one{n}"))) for n in range(TIMES + 1)][1:]
    return min(costs, key=lambda cost: cost.cpu)


def _ours(size: int, one: Cost) -> Iterator[Figure]:
    what, bound = f"one package into {size:,}", size == MEASURED
    yield Figure(what=f"{what}: the whole `channel publish`", value=one.cpu, unit="CPU s", most=2 * bound)
    yield Figure(what=f"{what}: memory", value=one.megabytes, unit="MB", most=300 * bound)
    yield Figure(what=f"{what}: requests, upload and verification too", value=one.requests, unit="", most=40 * bound)
    yield Figure(what=f"{what}: wall", value=one.wall, unit="s")


def _theirs(size: int, one: Cost, theirs: Cost) -> Iterator[Figure]:
    what = f"one package into {size:,}"
    yield Figure(what=f"{what}: rattler's index_s3 alone", value=theirs.cpu, unit="CPU s")
    yield Figure(what=f"{what}: rattler's memory", value=theirs.megabytes, unit="MB")
    yield Figure(what=f"{what}: rattler's requests", value=theirs.requests, unit="")
    least = 15 * (size == MEASURED)
    yield Figure(what=f"{what}: rattler's CPU over ours", value=theirs.cpu / one.cpu, unit="times", least=least)


def _rattler(made: Bench, states: Mapping[Subdir, IndexState]) -> Cost:
    """The same channel as rattler has it, with an object for each package, and one package more."""
    mirror = made.folder / "mirror"
    for subdir, state in states.items():
        (mirror / subdir / "shards").mkdir(parents=True)
        for filename in state.records.names:
            (mirror / subdir / filename).write_bytes(b"rattler looks at names")
        for document in state.documents():
            if "/shards/" not in document.key:
                (mirror / document.key).write_bytes(document.body)
    sent(made, mirror)
    argv = (sys.executable, HERE / "indexed_by_rattler.py", f"s3://{BUCKET}/rattler", made.proxy.endpoint)
    made.cost(*argv)  # writes the shards, and everything as it likes it
    costs = []
    for number in range(2):
        folder = made.folder / f"fresh{number}"
        made.delivery(folder.name, brought(folder.name))
        path = next(folder.glob("*/linux-64/*.conda"))
        made.server.client().put_object(Bucket=BUCKET, Key=f"rattler/linux-64/{path.name}", Body=path.read_bytes())
        costs.append(made.cost(*argv))
    return min(costs, key=lambda cost: cost.cpu)


def _many(made: Bench) -> Iterator[Figure]:
    """A thousand packages in one publish: what indexing them costs, uploads and checks aside."""
    script = HERE / "publishing.py"
    costs = {}
    for name, count in (("few", 1), ("many", AT_ONCE)):
        _, _, plan, dist = made.delivery(name, brought(name, count))
        stages = json_of(made.cost(sys.executable, script, plan, dist))
        costs[name] = stages["index"][0]
        yield Figure(what=f"indexing {count:,} at once", value=costs[name], unit="CPU s")
    ratio = costs["many"] / costs["few"]
    yield Figure(what=f"indexing {AT_ONCE:,} at once over indexing one", value=ratio, unit="times", most=3)


def _verified(made: Bench, size: int) -> Iterator[Figure]:
    cost = made.cost(sys.executable, HERE / "verifying.py", made.server.endpoint)
    seconds = json.loads(cost.said)
    yield Figure(what=f"verify {size:,} packages' metadata", value=seconds["wall"], unit="s", most=20)
    yield Figure(what=f"verify {size:,} packages' metadata: CPU", value=cost.cpu, unit="CPU s")


def main() -> None:
    """Measure channels of the sizes that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="packages in the channel")
    for figure in figures(tuple(parser.parse_args().sizes)):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
