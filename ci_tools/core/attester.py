"""Who vouches for packages in a publish, and knows the channel's word again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.attestation import Publisher, attest
from ci_tools.core.sidecar import Attestations
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.core.package import Filename


class ChannelAttester:
    """A publisher and the trusted root that its clients hold; what it signs, they accept. Safe to share by threads.

    TrustError where the certificate does not hold at `now`, or the trusted root is not this publisher's.
    """

    def __init__(self, publisher: Publisher, trusted_root: bytes, now: datetime) -> None:
        publisher.require_valid(now)
        self._publisher = publisher
        self._attestations = Attestations(trusted_root, publisher.channel)
        self._now = now
        # The post-condition before anything is signed for good: what we say is understood.
        self._attestations.verify(attest(publisher, "probe", "0" * 64, now), "probe", "0" * 64)

    def attest(self, filename: Filename, sha256: str) -> bytes:
        """A new sidecar: a JSON array with one Sigstore bundle (CEP 27, 50)."""
        return attest(self._publisher, str(filename), sha256, self._now)

    def accepts(self, sidecar: bytes, filename: Filename, sha256: str) -> bool:
        """Whether the sidecar verifies under the channel's own trust root for exactly this package."""
        try:
            self._attestations.verify(sidecar, str(filename), sha256)
        except TrustError:
            return False
        return True
