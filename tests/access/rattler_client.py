"""A client process: `index FOLDER`, or `install PACKAGE CHANNEL PREFIX CACHE`; py-rattler does not end by itself."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from pathlib import Path

import rattler


async def install(package: str, channel: str, prefix: str, cache: str) -> None:
    client = rattler.Client(middlewares=[rattler.networking.AuthenticationMiddleware()])
    gateway = rattler.Gateway(cache_dir=Path(cache) / "repodata", client=client)
    found = await rattler.solve(
        [channel], [rattler.MatchSpec(package)], gateway=gateway, platforms=["noarch", "linux-64"], virtual_packages=[]
    )
    await rattler.install(
        found, target_prefix=prefix, cache_dir=Path(cache) / "packages", show_progress=False, client=client
    )


async def index(folder: str) -> None:
    await rattler.index.index_fs(folder, write_zst=True, write_shards=True)


async def main(verb: str, *words: str) -> None:
    await (index if verb == "index" else install)(*words)


if __name__ == "__main__":
    code = 0
    try:
        asyncio.run(main(*sys.argv[1:]))
    except BaseException:  # noqa: BLE001 (it ends in os._exit, so nobody else would say it)
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)
