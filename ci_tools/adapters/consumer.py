"""An ordinary conda client in a process of its own: `python -m ci_tools.adapters.consumer CHANNEL PREFIX SPEC`.

It is py-rattler as it comes, the library of pixi; nothing of ours helps it. A process of its own, because py-rattler
0.28 sometimes aborts when the interpreter ends after it has done its work.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from rattler import Client, Gateway, VirtualPackage, install, solve
from rattler.networking import AuthenticationMiddleware
from rattler.platform import Subdir


async def consume(channel: str, prefix: Path, spec: str) -> list[str]:
    """Solve `spec` against `channel` alone, install into `prefix`; returns the file names, sorted."""
    cache = prefix.with_name(f"{prefix.name}-cache")
    client = Client(middlewares=[AuthenticationMiddleware()])
    gateway = Gateway(cache_dir=cache / "repodata", client=client)
    machine = [package.into_generic() for package in VirtualPackage.detect()]
    records = await solve(
        [channel], [spec], gateway=gateway, platforms=[Subdir("noarch"), Subdir.current()], virtual_packages=machine
    )
    await install(records, target_prefix=prefix, cache_dir=cache / "packages", show_progress=False, client=client)
    return sorted(record.file_name for record in records)


def main() -> int:
    """Say what was installed, or in one line why not."""
    channel, prefix, spec = sys.argv[1:]
    try:
        installed = asyncio.run(consume(channel, Path(prefix), spec))
    except Exception as exc:  # noqa: BLE001 (whatever the client says is the answer)
        sys.stderr.write(" ".join(str(exc).split()) + "\n")
        return 1
    sys.stdout.write("\n".join(installed) + "\n")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
