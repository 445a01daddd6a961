"""Solve and install with an unmodified py-rattler client: CHANNEL PREFIX CACHE SHARDS(0|1) SPEC…, JSON on stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import rattler


async def main(channel: str, prefix: str, cache: str, shards: str, *specs: str) -> None:
    config = rattler.SourceConfig(sharded_enabled=shards == "1", zstd_enabled=False, bz2_enabled=False)
    gateway = rattler.Gateway(cache_dir=Path(cache) / "repodata", default_config=config)
    client = rattler.Client()
    records = await rattler.solve(
        sources=[rattler.Channel(channel)],
        specs=list(specs),
        gateway=gateway,
        platforms=["linux-64", "noarch"],
        virtual_packages=[],
    )
    await rattler.install(
        records=records, target_prefix=prefix, cache_dir=Path(cache) / "pkgs", client=client, show_progress=False
    )
    sys.stdout.write(json.dumps(sorted(record.file_name for record in records)))


asyncio.run(main(*sys.argv[1:]))
sys.stdout.flush()
os._exit(0)
