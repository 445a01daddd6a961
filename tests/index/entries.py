"""Index entries by the thousand, without a package behind them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ci_tools.core.builds import BuildInfo
from ci_tools.core.package import ArchiveFormat, Dist, Filename, PackageRecord, RunExports, Subdir
from ci_tools.core.repodata import IndexEntry

if TYPE_CHECKING:
    from collections.abc import Iterator


def entry(
    dist: str, subdir: Subdir = Subdir.LINUX_64, *, archive_format: ArchiveFormat = ArchiveFormat.CONDA,
    run_exports: RunExports | None = None, recipe: str = "recipes/x", seed: str = "",
) -> IndexEntry:  # fmt: skip
    """One entry whose digests follow from its names and `seed`."""
    filename = Filename(dist=Dist.parse(dist), format=archive_format)
    digest = hashlib.sha256(f"{filename}{seed}".encode()).hexdigest()
    name = filename.dist.name
    record = PackageRecord(
        name=name, version=filename.dist.version, build=filename.dist.build, build_number=0, subdir=subdir,
        size=1000 + len(dist), md5=digest[:32], sha256=digest, arch="x86_64", platform="linux", license="MIT",
        depends=("python >=3.12,<3.13.0a0", f"lib{name} >=1.2.3,<2.0a0", "__glibc >=2.17,<3.0.a0"),
        timestamp=1_700_000_000_000, attestations_sha256=digest,
    )  # fmt: skip
    build = BuildInfo(
        recipe=recipe, input_hash=digest, commit="c" * 40, generation=7, seconds=1.5, backend="rattler-build 0.73.0"
    )
    return IndexEntry(filename=filename, record=record, run_exports=run_exports or RunExports(), build=build)


def many(count: int, names: int) -> Iterator[IndexEntry]:
    """`count` entries spread evenly over `names` packages."""
    for number in range(count):
        exports = RunExports(weak=(f"pkg{number % names} >=1",)) if number % names % 5 == 0 else None
        yield entry(f"pkg{number % names}-{number // names}.{number % 7}-h{number:07x}_0", run_exports=exports)
