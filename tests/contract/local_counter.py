"""Counts up in the folder store at argv[1], argv[2] times, by compare-and-swap."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ci_tools.adapters.stores.local import LocalStore
from ci_tools.core.layout import Freshness
from ci_tools.errors import ConflictError


def main(root: Path, times: int) -> None:
    store = LocalStore(root)
    for number in range(times):
        while True:
            seen = store.get("count")
            mine = {"by": f"{os.getpid()}-{number}"}
            try:
                store.put(
                    "count", b"%d" % (int(seen.body) + 1), Freshness.POINTER, if_match=seen.head.etag, metadata=mine
                )
            except ConflictError:
                continue
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
