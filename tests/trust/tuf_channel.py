"""Keys in memory and the documents of one generation, before they lie anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec

from ci_tools.adapters.signers.local_key import LocalKey
from ci_tools.core.generation import Generation, TargetFile, next_generation, read_generation
from ci_tools.core.root import first_root

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
TARGETS = {"noarch/repodata.json": TargetFile.of(b"{}"), "receipts/1.json": TargetFile.of(b"{}")}


@dataclass(frozen=True, slots=True)
class TufChannel:
    root_key: LocalKey
    online_key: LocalKey
    root: bytes

    def documents(
        self, number: int = 1, parent: Generation | None = None, now: datetime = NOW, key: LocalKey | None = None
    ) -> tuple[bytes, bytes, bytes]:
        """timestamp, snapshot, targets."""
        made = next_generation(parent, number, TARGETS, key or self.online_key, now)
        targets, snapshot, timestamp = (document.body for document in made)
        return timestamp, snapshot, targets

    def generation(self, number: int = 1, parent: Generation | None = None) -> Generation:
        return read_generation(self.root, *self.documents(number, parent), NOW)


def new_key() -> LocalKey:
    return LocalKey(ec.generate_private_key(ec.SECP256R1()))


@cache
def tuf_channel() -> TufChannel:
    root, online = new_key(), new_key()
    return TufChannel(root, online, first_root(root, online, NOW, YEAR))
