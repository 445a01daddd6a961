"""What clients are given to believe our attestations: Sigstore's trusted root and client trust configuration."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding

from ci_tools.core.canonical import canonical_json
from ci_tools.core.certificates import channel_url
from ci_tools.core.signing import Signer, der, key_id, public_key

if TYPE_CHECKING:
    from cryptography import x509

TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
SIGNING_CONFIG = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
TRUST_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"


def trusted_root(channel: str, authority: x509.Certificate, log: Signer, sct: Signer) -> dict[str, Any]:
    """Our CA, our log and our certificate log, and nobody else's: Sigstore's `TrustedRoot` message."""
    url = channel_url(channel)
    valid_for = {"start": _moment(authority.not_valid_before_utc)}
    return {
        "mediaType": TRUSTED_ROOT,
        "tlogs": [_log(url, log, valid_for)],
        "certificateAuthorities": [
            {
                "subject": {"organization": "channelsmith", "commonName": url},
                "uri": url,
                "certChain": {"certificates": [{"rawBytes": _text(authority.public_bytes(Encoding.DER))}]},
                "validFor": valid_for,
            }
        ],
        "ctlogs": [_log(url, sct, valid_for)],
    }


def client_trust_config(root: dict[str, Any]) -> dict[str, Any]:
    """The same where a client asks for a whole configuration; it names no service, for nothing is signed online."""
    return {"mediaType": TRUST_CONFIG, "trustedRoot": root, "signingConfig": {"mediaType": SIGNING_CONFIG}}


def document(value: dict[str, Any]) -> bytes:
    """The bytes of either."""
    return canonical_json(value) + b"\n"


def _log(url: str, log: Signer, valid_for: dict[str, str]) -> dict[str, Any]:
    key = public_key(log.public_key_pem)
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": _text(der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid_for},
        "logId": {"keyId": _text(key_id(key))},
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: bytes) -> str:
    return b64encode(value).decode()
