"""The index made again from the packages, beside rattler with `force`, 20 ms away: `python -m tests.bench.rebuild`."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.bench.channels import BUCKET, HERE, bench, brought, sent
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = 2_000
BYTES = 200_000  # of text in each package
LATENCY = 0.02  # seconds


def figures(packages: int = PACKAGES) -> Iterator[Figure]:
    """Both indexers over the same packages on the same server."""
    chance = random.Random(0)  # noqa: S311 (chance that can be repeated, no secret)
    with bench(latency=LATENCY) as made:
        filled = [replace(p, salt=chance.randbytes(BYTES // 2).hex()) for p in brought("0", packages)]
        words = made.delivery("all", filled)
        made.channel(*words)
        mirror = made.folder / "mirror"
        (mirror / "noarch").mkdir(parents=True)
        shutil.copytree(next((made.folder / "all").glob("*/linux-64")), mirror / "linux-64")
        sent(made, mirror)
        ours = made.channel("index", "rebuild")
        script = HERE / "indexed_by_rattler.py"
        theirs = made.cost(sys.executable, script, f"s3://{BUCKET}/rattler", made.proxy.endpoint, "force")
    for who, cost in (("ours", ours), ("rattler with force", theirs)):
        what = f"rebuild {packages:,} packages at {LATENCY * 1000:g} ms: {who}"
        yield Figure(what=what, value=cost.wall, unit="s")
        yield Figure(what=what, value=cost.cpu, unit="CPU s")
        yield Figure(what=what, value=cost.megabytes, unit="MB")
        yield Figure(what=what, value=cost.requests, unit="requests")
    what = f"rebuild {packages:,} packages: rattler's time over ours"
    yield Figure(what=what, value=theirs.wall / ours.wall, unit="times", least=3)


def main() -> None:
    """Measure as many packages as are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="?", type=int, default=PACKAGES)
    for figure in figures(parser.parse_args().packages):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
