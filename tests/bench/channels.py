"""Channels of any size for benches: a repository with keys, a bucket, records by the thousand, packages to bring."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # what the tests have: servers, packages, a proxy

import servers
from faults import ALWAYS, Fault, FaultProxy, Kind, faulty
from simulator import Package, delivered

from ci_tools import documents, wiring
from ci_tools.config import read_config
from ci_tools.core.builds import BuildInfo
from ci_tools.core.channeldata import Channeldata
from ci_tools.core.package import Artifact, Dist, Filename, PackageRecord, Subdir
from ci_tools.core.receipt import Cause
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.flows.project import project
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_tools.core.layout import Document

BUCKET = servers.READY
HERE = Path(__file__).parent
NAMES = 2500  # packages that there are at most, however many files
SHARES = {Subdir.LINUX_64: 0.72, Subdir.NOARCH: 0.28}
YAML = """\
channel: acme
url: https://conda.acme.example/acme
subdirs: [linux-64]
store: {{kind: s3, bucket: {bucket}, prefix: acme, region: us-east-1, endpoint: "{endpoint}"}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process took: CPU and wall seconds, MB of memory at its peak, requests to the store, and what it said."""

    cpu: float
    wall: float
    megabytes: float
    requests: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A team's repository before an S3 server, with a proxy between them that counts requests."""

    folder: Path
    server: servers.S3Server
    proxy: FaultProxy

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.server.env}

    def cost(self, *argv: str | Path, expect: int = 0) -> Cost:
        """What a program costs, run in the repository."""
        before, out = len(self.proxy.seen), self.folder / "cost.json"
        program = [sys.executable, "-S", str(HERE / "measured.py"), str(out), *map(str, argv)]
        ended = subprocess.run(program, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        if ended.returncode != expect:
            raise RuntimeError(f"{argv} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
        told = json.loads(out.read_text())
        return Cost(
            cpu=told["cpu"], wall=told["wall"], megabytes=told["kilobytes"] / 1024,
            requests=len(self.proxy.seen) - before, said=ended.stdout,
        )  # fmt: skip

    def channel(self, *words: str) -> Cost:
        return self.cost(sys.executable, "-m", "ci_tools.cli", *words)

    def delivery(self, name: str, packages: Sequence[Package]) -> tuple[str, ...]:
        """The arguments of `channel publish` that bring these packages."""
        folder = self.folder / name
        plan, delivery = delivered(folder, packages)
        (delivery.root / "build.json").write_bytes(documents.write(delivery.report))
        plan_file = folder / "plan.json"
        plan_file.write_bytes(documents.write(plan))
        return ("publish", "--plan", str(plan_file), str(delivery.root))


@contextmanager
def bench(latency: float = 0.0) -> Iterator[Bench]:
    """An S3 server, a counting proxy before it, and a repository with keys that publishes there."""
    slow = (Fault(kind=Kind.DELAY, count=ALWAYS, seconds=latency),) if latency else ()
    with tempfile.TemporaryDirectory() as name:
        folder, data = Path(name) / "repository", Path(name) / "server"
        folder.mkdir()
        data.mkdir()
        with servers.seaweedfs(data) as server, faulty(server.endpoint, *slow) as proxy:
            made = Bench(folder=folder, server=server, proxy=proxy)
            (folder / "channel.yaml").write_text(YAML.format(bucket=servers.READY, endpoint=proxy.endpoint))
            made.channel("keys", "init")
            yield made


def entries(count: int, subdir: Subdir, seed: int = 0) -> Iterator[IndexEntry]:
    """So many records as a large channel has them, of NAMES packages at most; equal arguments, equal records."""
    chance = random.Random(seed)  # noqa: S311 (chance that can be repeated, no secret)
    names = min(NAMES, max(1, count // 4))
    for number in range(count):
        digest, needs = chance.randbytes(32).hex(), range(chance.randrange(1, 7))
        dist = Dist(name=f"package-{number % names:05}", version=f"1.{number // names}", build=f"h{digest[:7]}_0")
        record = PackageRecord(
            name=dist.name, version=dist.version, build=dist.build, build_number=0, subdir=subdir,
            size=chance.randrange(9_999_999), md5=digest[:32], sha256=digest, license="BSD-3-Clause",
            depends=tuple(f"package-{chance.randrange(names):05} >=1.{chance.randrange(9)},<2.0a0" for _ in needs),
            timestamp=1_700_000_000_000 + number, attestations_sha256=digest,
        )  # fmt: skip
        build = BuildInfo(
            recipe=f"recipes/{dist.name}", input_hash=digest, commit=digest[:40], generation=1, seconds=9.5, backend="x"
        )
        yield IndexEntry(filename=Filename(dist=dist), record=record, build=build)


def grown(made: Bench, count: int) -> Mapping[str, IndexState]:
    """Commit `count` packages' records to the channel at once, as if they had been published; subdir -> state."""
    states = {
        subdir: IndexState.empty(subdir).including(entries(int(count * share), subdir))
        for subdir, share in SHARES.items()
    }
    config = read_config(made.folder / "channel.yaml")
    os.environ.update(made.server.env)
    cause = Cause(commit="0" * 40, run="", who="bench")
    setting = wiring.setting(config, made.env, cause, datetime.now(UTC), dry_run=False)
    newest = {
        entry.record.name: entry for subdir, share in SHARES.items() for entry in entries(int(count * share), subdir)
    }
    told = Channeldata().following(states.values(), (_artifact(entry) for entry in newest.values()))
    proposal = Proposal(documents=(*_documents(states), *told.documents("Packages")))
    commit = transaction(setting, lambda _before, _number: proposal)
    assert commit.present.generation
    project(setting, commit.present.generation)
    return states


def _documents(states: Mapping[Any, IndexState]) -> Iterator[Document]:
    for state in states.values():
        yield from state.documents()


def _artifact(entry: IndexEntry) -> Artifact:
    return Artifact(filename=entry.filename, path=Path(), record=entry.record)


def brought(name: str, count: int = 1) -> tuple[Package, ...]:
    """Packages to publish, each of a name that the channel has."""
    return tuple(
        Package(
            name=f"package-{number % 200:05}", version=f"9.{number}", build=name, subdir=Subdir.LINUX_64,
            depends=("package-00001 >=1.0",),
        )
        for number in range(count)
    )  # fmt: skip


def json_of(cost: Cost) -> Any:
    return json.loads(cost.said.splitlines()[-1])


def sent(made: Bench, folder: Path) -> None:
    """Everything below `folder` into the bucket, as the channel that rattler is to index."""
    s5cmd = Path(sys.executable).with_name("s5cmd")
    argv = [s5cmd, "--endpoint-url", made.server.endpoint, "cp", f"{folder}/", f"s3://{BUCKET}/rattler/"]
    subprocess.run(argv, env=made.env, check=True, capture_output=True)
