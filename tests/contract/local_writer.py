"""Writes into the folder store at argv[1] until it is killed; every object says of itself whether it is whole."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from pathlib import Path

from ci_tools.adapters.stores.local import LocalStore
from ci_tools.core.layout import Freshness
from ci_tools.ports import ABSENT

SMALL, LARGE = 5_000, 6 << 20


def main(root: Path) -> None:
    store, name = LocalStore(root), os.urandom(4).hex()
    small, large = os.urandom(SMALL), root.with_name(f"{name}.source")
    large.write_bytes(os.urandom(LARGE))
    digests = [hashlib.sha256(body).hexdigest() for body in (small, large.read_bytes())]
    for number in itertools.count():
        for body, digest in zip((small, large), digests, strict=True):
            told = {"sha256": digest}
            store.put("noarch/repodata.json", body, Freshness.POINTER, metadata=told)
        key = f"noarch/{name}-{number % 4}.conda"
        store.put(key, large, Freshness.IMMUTABLE, if_match=ABSENT, metadata=told)
        sys.stdout.write("written\n")
        sys.stdout.flush()
        if number >= 3:
            store.delete(f"noarch/{name}-{(number + 1) % 4}.conda")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
