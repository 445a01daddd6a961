"""Attesting packages: each gets a sidecar that says that this channel's publisher published it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.attestation import attest
from ci_tools.core.package import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ci_tools.core.attestation import Publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A package with its sidecar; `sha256` is the sidecar's lower-hex digest, `attestations_sha256` of the record."""

    artifact: Artifact
    sidecar: bytes
    sha256: str


def sign(artifacts: Iterable[Artifact], publisher: Publisher, now: datetime) -> tuple[Signed, ...]:
    """A sidecar for each package, in the order given; TrustError where the publisher's certificate does not hold."""
    publisher.require_valid(now)
    return tuple(_signed(artifact, publisher, now) for artifact in artifacts)


def _signed(artifact: Artifact, publisher: Publisher, now: datetime) -> Signed:
    sidecar = attest(publisher, str(artifact.filename), artifact.record.sha256, now)
    return Signed(artifact=artifact, sidecar=sidecar, sha256=hashlib.sha256(sidecar).hexdigest())
