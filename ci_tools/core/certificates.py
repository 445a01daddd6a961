"""The channel's own certificate authority: a CA and publisher certificates of the Fulcio profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ci_tools.core.signing import Signer, key_id, public_key
from ci_tools.core.transparency import certificate_timestamp, tagged
from ci_tools.errors import TrustError

CA_LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=365)
SKEW = timedelta(minutes=5)  # a certificate holds this long before it was made: no two machines agree on the time

# https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")  # raw UTF-8
ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")  # DER UTF8String
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")  # RFC 6962 3.3
UTF8_STRING = 0x0C


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a channel's publisher is: never an issuer of somebody else, for our CA can vouch for nobody but us."""

    subject: str  # the certificate's URI
    issuer: str  # the channel's URL

    @classmethod
    def of(cls, channel: str) -> Self:
        """The publisher of the channel with this base URL."""
        url = channel_url(channel)
        return cls(subject=f"{url}#publisher", issuer=url)


def channel_url(url: str) -> str:
    """The base URL as attestations name it: without a trailing slash (CEP 27)."""
    return url.rstrip("/")


def authority(ca: Signer, channel: str, now: datetime) -> x509.Certificate:
    """The CA's certificate, signed by itself; it may issue leaves and no further CA."""
    name = _ca_name(channel)
    builder = _certificate(name, name, ca, now, now + CA_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(certificates=True), critical=True)
    return builder.sign(BorrowedKey(ca), hashes.SHA256())


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What issues publisher certificates: the CA's key and certificate, and the key of the certificate log."""

    key: Signer
    certificate: x509.Certificate
    sct: Signer

    def __post_init__(self) -> None:
        if public_key(self.key.public_key_pem) != self.certificate.public_key():
            raise TrustError("the CA's key does not belong to its certificate", hint="take both from one key directory")


def publisher_certificate(authority: Authority, publisher: Signer, channel: str, now: datetime) -> x509.Certificate:
    """A leaf that binds the publisher's key to the channel for a year, with an embedded timestamp (SCT)."""
    until = min(now + LEAF_LIFETIME, authority.certificate.not_valid_after_utc)
    identity = Identity.of(channel)
    builder = _certificate(x509.Name([]), authority.certificate.subject, publisher, now, until)
    san = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.subject)])
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key(authority.key.public_key_pem))
    issuer = identity.issuer.encode()
    builder = builder.add_extension(san, critical=True).add_extension(aki, critical=False)
    builder = builder.add_extension(_usage(certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    builder = builder.add_extension(x509.UnrecognizedExtension(ISSUER, issuer), critical=False)
    builder = builder.add_extension(x509.UnrecognizedExtension(ISSUER_V2, tagged(UTF8_STRING, issuer)), critical=False)
    return _with_timestamp(authority, builder, now)


def load_certificate(pem: bytes, what: str) -> x509.Certificate:
    """The certificate in `pem`; TrustError names `what` where there is none."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as exc:
        raise TrustError(f"{what} is not a certificate in PEM", hint="make it again with `channel keys init`") from exc


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as text."""
    return certificate.public_bytes(Encoding.PEM)


def _with_timestamp(authority: Authority, builder: x509.CertificateBuilder, now: datetime) -> x509.Certificate:
    # RFC 6962 3.2: what is timestamped is the certificate as it was before the timestamp was put in.
    ca = BorrowedKey(authority.key)
    before = builder.sign(ca, hashes.SHA256()).tbs_certificate_bytes
    issuer_key = key_id(public_key(authority.key.public_key_pem))
    timestamps = certificate_timestamp(authority.sct, issuer_key, before, now)
    builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, timestamps), critical=False)
    return builder.sign(ca, hashes.SHA256())


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Signer, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    public = public_key(key.public_key_pem)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _ca_name(channel: str) -> x509.Name:
    # RFC 5280: a common name has at most 64 characters; this one is for people, nobody compares it.
    host = channel_url(channel).partition("://")[2][:40]
    attributes = ((NameOID.ORGANIZATION_NAME, "channelsmith"), (NameOID.COMMON_NAME, f"{host} publishers"))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates, key_cert_sign=certificates, crl_sign=certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


class BorrowedKey(ec.EllipticCurvePrivateKey):
    """A signer where cryptography wants a private key: it can sign, and show nothing of itself."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return ec.SECP256R1()

    @property
    def key_size(self) -> int:
        """Bits."""
        return self.curve.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return public_key(self._signer.public_key_pem)

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """ECDSA over the SHA-256 of `data`."""
        if not isinstance(signature_algorithm.algorithm, hashes.SHA256):
            raise TypeError("a signer hashes with SHA-256 and nothing else")
        return self._signer.sign(bytes(data))

    def exchange(self, *_: object) -> NoReturn:
        """Not with this key."""
        raise NotImplementedError

    private_numbers = private_bytes = __copy__ = __deepcopy__ = exchange  # type: ignore[assignment]
