"""Who vouches for packages in a publish, and knows the channel's word again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.attestation import Publisher, attest, bundle, sidecar, statement
from ci_tools.core.sidecar import Attestations
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ci_tools.core.package import Artifact, Filename
    from ci_tools.core.provenance import Making

    Further = Callable[[Artifact, Making], bytes]  # a further in-toto statement about a package


class ChannelAttester:
    """A publisher and the trusted root that its clients hold; what it signs, they accept. Safe to share by threads.

    TrustError where the certificate does not hold at `now`, or the trusted root is not this publisher's.
    """

    def __init__(
        self, publisher: Publisher, trusted_root: bytes, now: datetime, further: tuple[Further, ...] = ()
    ) -> None:
        """Take what is said of each package besides that it was published: `further` statements, a bundle each."""
        self._further = further
        publisher.require_valid(now)
        self._publisher = publisher
        self._attestations = Attestations(trusted_root, publisher.channel)
        self._now = now
        # The post-condition before anything is signed for good: what we say is understood.
        self._attestations.verify(attest(publisher, "probe", "0" * 64, now), "probe", "0" * 64)

    def attest(self, artifact: Artifact, making: Making) -> bytes:
        """A new sidecar: a JSON array with one Sigstore bundle for each statement, that of CEP 27 first (CEP 50)."""
        published = statement(str(artifact.filename), artifact.record.sha256, self._publisher.channel)
        said = (published, *(further(artifact, making) for further in self._further))
        return sidecar(tuple(bundle(self._publisher, each, self._now) for each in said))

    def accepts(self, sidecar: bytes, filename: Filename, sha256: str) -> bool:
        """Whether the sidecar verifies under the channel's own trust root for exactly this package."""
        try:
            self._attestations.verify(sidecar, str(filename), sha256)
        except TrustError:
            return False
        return True
