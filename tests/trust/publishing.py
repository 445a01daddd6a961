"""A channel's publisher with keys in memory, and what clients are given to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tuf_channel import new_key

from ci_tools.core.attestation import Publisher, attest
from ci_tools.core.certificates import Authority, authority, publisher_certificate
from ci_tools.core.trusted_root import document, trusted_root

TODAY = datetime.now(UTC).replace(microsecond=0)  # clients ask the real clock
CHANNEL = "https://conda.acme.example/acme"


@dataclass(frozen=True, slots=True)
class Publishing:
    publisher: Publisher
    trusted_root: bytes

    def attest(self, filename: str, sha256: str) -> bytes:
        return attest(self.publisher, filename, sha256, TODAY)


def publishing(channel: str = CHANNEL, now: datetime = TODAY) -> Publishing:
    ca, leaf, log, sct = (new_key() for _ in range(4))
    issuer = Authority(key=ca, certificate=authority(ca, channel, now), sct=sct)
    certificate = publisher_certificate(issuer, leaf, channel, now)
    publisher = Publisher(key=leaf, certificate=certificate, log=log, channel=channel)
    return Publishing(publisher, document(trusted_root(channel, issuer.certificate, log, sct)))
