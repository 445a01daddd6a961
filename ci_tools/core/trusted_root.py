"""What clients are given to believe our attestations: Sigstore's trusted root and client trust configuration."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ci_tools.core.canonical import canonical_json
from ci_tools.core.certificates import channel_url
from ci_tools.core.signing import Signer, der, key_id, public_key
from ci_tools.core.strict_json import parse_object
from ci_tools.errors import TrustError

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
        "certificateAuthorities": [_authority(url, authority)],
        "ctlogs": [_log(url, sct, valid_for)],
    }


def client_trust_config(root: bytes) -> bytes:
    """The same where a client asks for a whole configuration; it names no service, for nothing is signed online.

    `root` is the exported trusted_root.json.
    """
    config = {"trustedRoot": parse_object(root, "`trusted_root.json`"), "signingConfig": {"mediaType": SIGNING_CONFIG}}
    return document({"mediaType": TRUST_CONFIG, **config})


def document(value: dict[str, Any]) -> bytes:
    """The bytes of an export."""
    return canonical_json(value) + b"\n"


def _authority(url: str, certificate: x509.Certificate) -> dict[str, Any]:
    return {
        "subject": {"organization": "channelsmith", "commonName": url},
        "uri": url,
        "certChain": {"certificates": [{"rawBytes": _text(certificate.public_bytes(Encoding.DER))}]},
        "validFor": {"start": _moment(certificate.not_valid_before_utc)},
    }


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


def authorities_of(body: bytes) -> tuple[x509.Certificate, ...]:
    """The CAs' certificates in an exported trusted_root.json, oldest first; TrustError where there is none."""
    root = parse_object(body, "`trusted_root.json`")
    try:
        entries = [ours["certChain"]["certificates"][0] for ours in root["certificateAuthorities"]]
        found = tuple(x509.load_der_x509_certificate(b64decode(e["rawBytes"], validate=True)) for e in entries)
    except (ValueError, KeyError, TypeError, IndexError):
        found = ()
    if not found:
        raise TrustError(
            "`trusted_root.json` does not name a certificate authority",
            hint="restore it: it was made once, with the keys, and clients hold copies",
        )
    return found


def authority_of(body: bytes, ca: Signer) -> x509.Certificate:
    """The certificate of this CA in an exported trusted_root.json; TrustError where it is not there."""
    for found in authorities_of(body):
        if found.public_key() == public_key(ca.public_key_pem):
            return found
    raise TrustError(
        "`trusted_root.json` does not name the CA whose key this is",
        hint="bring back the key or the document from where this set was made",
    )


def joined(body: bytes, authority: x509.Certificate | None, log: Signer | None, sct: Signer | None) -> bytes:
    """The exported trusted_root.json with a further authority or log; what it named it still names.

    So old attestations keep verifying, and old copies keep verifying what the old keys sign.
    """
    root = parse_object(body, "`trusted_root.json`")
    url, valid_for = channel_of(body), root["tlogs"][0]["publicKey"]["validFor"]
    if authority is not None and authority not in authorities_of(body):
        root["certificateAuthorities"].append(_authority(url, authority))
    for logs, key in (("tlogs", log), ("ctlogs", sct)):
        if key is not None and not names(body, logs, key):
            root[logs].append(_log(url, key, valid_for))
    return document(root)


def channel_of(body: bytes) -> str:
    """The base URL of the channel that an exported trusted_root.json was made for."""
    authorities_of(body)
    urls = {ours.get("uri") for ours in parse_object(body, "`trusted_root.json`")["certificateAuthorities"]}
    url = urls.pop()
    if urls or not isinstance(url, str) or not url:
        raise TrustError("`trusted_root.json` does not say which channel it is for", hint="restore it")
    return url


def names(body: bytes, logs: str, log: Signer) -> bool:
    """Whether the key is among the `tlogs` or `ctlogs` of an exported trusted_root.json."""
    key = _text(der(public_key(log.public_key_pem)))
    try:
        return any(entry["publicKey"]["rawBytes"] == key for entry in parse_object(body, "`trusted_root.json`")[logs])
    except (KeyError, TypeError):
        return False
