"""Packages into a bucket, side by side with other clients on the same server: `python -m tests.bench.uploads`.

Ours sends with conditions, metadata and a checksum that the server compares; the others just send.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.channels import BUCKET, HERE, Bench, Cost, bench
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL, LARGE = (2_000, 20_000), (8, 100 << 20)  # how many files, of how many bytes
HUGE = 5 << 30  # bytes of one package that only streams
ROUNDS = 3
NOISE = 1.1  # how much slower than the fastest is still as fast, on a machine that others use


def figures(small: int = SMALL[0], large: int = LARGE[0], huge: int = HUGE) -> Iterator[Figure]:
    """Small files, large ones, and one that is larger than any memory it may take."""
    with bench() as made:
        for what, count, size in (("small", small, SMALL[1]), ("large", large, LARGE[1])):
            folder = _files(made.folder / what, count, size)
            yield from _compared(made, folder, f"{count:,} files of {size:,} bytes")
            shutil.rmtree(folder)
        folder = made.folder / "huge"
        folder.mkdir()
        with (folder / "huge-1-0.conda").open("wb") as file:
            file.truncate(huge)
        cost = made.cost(*_clients(made, folder, "huge")["ours"])
        yield Figure(what=f"one file of {huge / 2**30:g} GiB: memory", value=cost.megabytes, unit="MB", most=300)
        yield Figure(what=f"one file of {huge / 2**30:g} GiB: wall", value=cost.wall, unit="s")


def _files(folder: Path, count: int, size: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"package-{number:05}-1.0-0.conda").write_bytes(
            os.urandom(min(size, 1 << 20)) * -(-size // (1 << 20))
        )
    return folder


def _compared(made: Bench, folder: Path, what: str) -> Iterator[Figure]:
    costs: dict[str, list[Cost]] = {}
    for number in range(ROUNDS):  # in turn, so that what else the machine does is everybody's
        for name, argv in _clients(made, folder, f"{folder.name}{number}").items():
            costs.setdefault(name, []).append(made.cost(*argv))
    best = {name: min(each, key=lambda cost: cost.wall) for name, each in costs.items()}
    for name, cost in best.items():
        yield Figure(what=f"{what}: {name}", value=cost.wall, unit="s")
        yield Figure(what=f"{what}: {name}", value=min(c.cpu for c in costs[name]), unit="CPU s")
        yield Figure(what=f"{what}: {name}", value=cost.megabytes, unit="MB")
    fastest = min(cost.wall for name, cost in best.items() if name != "ours")
    yield Figure(what=f"{what}: ours over the fastest", value=best["ours"].wall / fastest, unit="times", most=NOISE)


def _clients(made: Bench, folder: Path, prefix: str) -> dict[str, tuple[str, ...]]:
    """Client -> its command line; those that are not here are left out."""
    endpoint, uploading = made.server.endpoint, (sys.executable, str(HERE / "uploading.py"), str(folder))
    clients = {
        "ours": (*uploading, endpoint, f"ours-{prefix}", "ours"),
        "boto3's transfer": (*uploading, endpoint, f"boto3-{prefix}", "boto3"),
    }
    if s5cmd := shutil.which("s5cmd", path=str(Path(sys.executable).parent)):
        target = f"s3://{BUCKET}/s5cmd-{prefix}/noarch/"
        clients["s5cmd"] = (s5cmd, "--endpoint-url", endpoint, "cp", f"{folder}/", target)
    if rclone := shutil.which("rclone"):
        remote = (
            f":s3,provider=Other,env_auth=true,region=us-east-1,endpoint='{endpoint}':{BUCKET}/rclone-{prefix}/noarch"
        )
        clients["rclone"] = (rclone, "copy", "--transfers=16", "--s3-no-check-bucket", str(folder), remote)
    return clients


def main() -> None:
    """Measure as many files as are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL[0], help="how many files of 20 KB")
    parser.add_argument("--large", type=int, default=LARGE[0], help="how many files of 100 MiB")
    parser.add_argument("--huge", type=int, default=HUGE, help="bytes of one that only streams")
    for figure in figures(**vars(parser.parse_args())):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
