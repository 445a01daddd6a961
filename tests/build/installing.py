"""Run by itself: makes a prefix from a channel as any py-rattler client would.

python installing.py CHANNEL_URL[,CHANNEL_URL…] PREFIX SPEC...
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile

from rattler import MatchSpec, Platform, VirtualPackage, install, solve


async def main(channel: str, prefix: str, *specs: str) -> None:
    with tempfile.TemporaryDirectory() as cache:
        records = await solve(
            channel.split(","), [MatchSpec(spec) for spec in specs], platforms=[str(Platform.current()), "noarch"],
            virtual_packages=VirtualPackage.detect(),
        )  # fmt: skip
        await install(records, target_prefix=prefix, cache_dir=cache, show_progress=False)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)  # py-rattler 0.28 sometimes aborts while the interpreter ends
