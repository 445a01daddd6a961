"""What trust costs: signing, verifying, and the signature over an index of 30 MB: `make bench ONLY=trust`."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "trust"))  # the tests' keys; they are no package

from publishing import publishing
from tuf_channel import new_key

from ci_tools.core import layout
from ci_tools.core.attestation import attest
from ci_tools.core.generation import TargetFile, next_generation, read_generation
from ci_tools.core.root import first_root
from ci_tools.core.sidecar import Attestations
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES, INDEX = 1000, 30_000_000  # packages; bytes of a repodata.json with about 50,000 records
SIGNING, VERIFYING, SIGNATURE = 3.0, 30.0, 0.1  # seconds at most, as issue 7 asks


def figures() -> Iterator[Figure]:
    """Signing and verifying a thousand packages, and a generation of one large document; processor time."""
    now = datetime.now(UTC).replace(microsecond=0)
    ours = publishing(now=now)
    names = [(f"p{number}-1.0-0.conda", f"{number:064x}") for number in range(PACKAGES)]
    started = time.process_time()
    sidecars = [attest(ours.publisher, *name, now) for name in names]
    took = time.process_time() - started
    yield Figure(what=f"sign {PACKAGES} packages with a local key", value=took, unit="s of CPU", most=SIGNING)
    judge = Attestations(ours.trusted_root, ours.publisher.channel)
    started = time.process_time()
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda pair: judge.verify(pair[0], *pair[1]), zip(sidecars, names, strict=True)):
            pass
    took = time.process_time() - started
    yield Figure(what=f"verify {PACKAGES} packages' attestations", value=took, unit="s of CPU", most=VERIFYING)
    yield Figure(what="a sidecar", value=len(sidecars[0]), unit="bytes")
    yield from _index(now)


def _index(now: datetime) -> Iterator[Figure]:
    root, online, body = new_key(), new_key(), os.urandom(INDEX)
    pinned = first_root(root, online, now, timedelta(days=365))
    key = f"noarch/{layout.REPODATA}"
    started = time.process_time()
    targets, snapshot, timestamp = next_generation(None, 1, {key: TargetFile.of(body)}, online, now)
    took = time.process_time() - started
    yield Figure(what="sign an index of 30 MB", value=took, unit="s of CPU", most=SIGNATURE)
    started = time.process_time()
    generation = read_generation(pinned, timestamp.body, snapshot.body, targets.body, now)
    assert generation.targets[key].matches(body)
    yield Figure(what="verify an index of 30 MB", value=time.process_time() - started, unit="s of CPU")
