"""The attestation of a package: a CEP 27 statement in a Sigstore bundle, in the sidecar of CEP 50."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ci_tools.core.canonical import canonical_json
from ci_tools.core.certificates import channel_url, pem
from ci_tools.core.signing import Signer, public_key
from ci_tools.core.transparency import log_entry, log_origin
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from datetime import datetime

STATEMENT = "https://in-toto.io/Statement/v1"
PUBLISH = "https://schemas.conda.org/attestations-publish-1.schema.json"  # CEP 27
PAYLOAD = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """What attests packages: the publisher's key with its certificate, the log's key, and the channel's URL."""

    key: Signer
    certificate: x509.Certificate
    log: Signer
    channel: str

    def __post_init__(self) -> None:
        if public_key(self.key.public_key_pem, "the publisher key") != self.certificate.public_key():
            raise TrustError(
                "the publisher's key does not belong to its certificate",
                hint="take both from one key directory, or issue a new certificate",
            )

    def require_valid(self, now: datetime) -> None:
        """Refuse to sign with a certificate that no client would accept at `now`."""
        start, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        if not start <= now <= end:
            raise TrustError(
                f"the publisher's certificate holds from {start:%Y-%m-%d} to {end:%Y-%m-%d}, not now",
                hint="check this machine's clock; else issue one beside the CA's key: `channel keys rotate publisher`",
            )


def attest(publisher: Publisher, filename: str, sha256: str, now: datetime) -> bytes:
    """A sidecar with one bundle: "this file with this digest was published to this channel".

    `sha256` is lower hex. Three signatures: the publisher's over the statement, the log's over promise and checkpoint.
    """
    return sidecar((bundle(publisher, statement(filename, sha256, publisher.channel), now),))


def statement(filename: str, sha256: str, channel: str) -> bytes:
    """The in-toto statement of CEP 27: one subject, one digest, the channel without a trailing slash."""
    return canonical_json({
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": PUBLISH,
        "predicate": {"targetChannel": channel_url(channel)},
    })  # fmt: skip


def bundle(publisher: Publisher, payload: bytes, now: datetime) -> dict[str, Any]:
    """A Sigstore bundle v0.3 around `payload`."""
    envelope = {
        "payload": _text(payload),
        "payloadType": PAYLOAD,
        "signatures": [{"sig": _text(publisher.key.sign(pre_authentication(payload)))}],
    }
    body = _logged(envelope, payload, publisher.certificate)
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {
            "certificate": {"rawBytes": _text(publisher.certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [log_entry(publisher.log, log_origin(channel_url(publisher.channel)), body, now)],
        },
        "dsseEnvelope": envelope,
    }


def sidecar(bundles: tuple[dict[str, Any], ...]) -> bytes:
    """The sidecar's bytes: a JSON array of bundles (CEP 50)."""
    return canonical_json(list(bundles))


def pre_authentication(payload: bytes) -> bytes:
    """What DSSE signs: type and payload with their lengths."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def _logged(envelope: dict[str, Any], payload: bytes, certificate: x509.Certificate) -> bytes:
    # Rekor's dsse 0.0.1 entry.
    signature = envelope["signatures"][0]["sig"]
    return canonical_json({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": _hash(canonical_json(envelope)),
            "payloadHash": _hash(payload),
            "signatures": [{"signature": signature, "verifier": _text(pem(certificate))}],
        },
    })  # fmt: skip


def _hash(body: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(body).hexdigest()}


def _text(value: bytes) -> str:
    return b64encode(value).decode()
