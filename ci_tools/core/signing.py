"""Public keys and signatures, ECDSA P-256 over SHA-256 everywhere: what KMS, Sigstore and TUF all speak."""

from __future__ import annotations

import hashlib
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ci_tools.errors import TrustError


class Signer(Protocol):
    """What the core asks of a key; every `ports.Signer` is one (the core sees no ports)."""

    @property
    def public_key_pem(self) -> bytes:
        """The public half, SubjectPublicKeyInfo in PEM."""

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over the SHA-256 of `payload`, ASN.1 DER."""


def public_key(pem: bytes, what: str = "the key") -> ec.EllipticCurvePublicKey:
    """The P-256 key in `pem`; TrustError where it is another kind."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as exc:
        raise TrustError(f"{what} is not a public key in PEM") from exc
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TrustError(f"{what} is not an ECDSA P-256 key", hint="make keys with `channel keys init`")
    return key


def der(key: ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: ec.EllipticCurvePublicKey) -> bytes:
    """SHA-256 of the key's DER: what RFC 6962 and Sigstore call a log by."""
    return hashlib.sha256(der(key)).digest()


def fingerprint(signer: Signer) -> str:
    """The lower-hex key id, for people to compare."""
    return key_id(public_key(signer.public_key_pem)).hex()
