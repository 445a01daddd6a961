"""Making signed cookies with a custom policy, and the keys for them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ci_tools.core.cookie import ALGORITHM, KEY, POLICY, SIGNATURE
from ci_tools.core.secret import Secret

TO_COOKIE = str.maketrans("+=/", "-_~")
RSA_BITS = 2048  # CloudFront takes no other size, and of curves P-256 alone


class CookieKeyType(StrEnum):
    """What signs: ECDSA P-256 makes the shorter cookies, RSA is taken by every edge."""

    EC = "ec"
    RSA = "rsa"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCookies:
    """Cookies by name, for everything that `resource` matches on `host`, until `expires`."""

    host: str
    resource: str
    expires: datetime
    cookies: Mapping[str, Secret]


def new_cookie_key(kind: CookieKeyType) -> Secret:
    """A private key in PEM (PKCS #8)."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind is CookieKeyType.EC:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return Secret(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def public_half(pem: Secret) -> bytes:
    """The public key of a private one, in PEM."""
    return _key(pem).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed_cookies(pem: Secret, key_id: str, url: str, expires: datetime) -> SignedCookies:
    """Cookies for everything below `url`, a channel's address without a slash at its end."""
    resource = f"{url}/*"
    until = int(expires.timestamp())
    condition = {"DateLessThan": {"AWS:EpochTime": until}}
    text = json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":")).encode()
    key = _key(pem)
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(text, PKCS1v15(), SHA256())
    else:
        signature = key.sign(text, ec.ECDSA(SHA256()))
    values = {POLICY: _encoded(text), SIGNATURE: _encoded(signature), KEY: key_id, ALGORITHM: "SHA256"}
    return SignedCookies(
        host=url.partition("://")[2].partition("/")[0],
        resource=resource,
        expires=expires,
        cookies={name: Secret(value) for name, value in values.items()},
    )


def cookie_header(signed: SignedCookies) -> Secret:
    """The value of a Cookie header."""
    return Secret("; ".join(f"{name}={value.reveal()}" for name, value in signed.cookies.items()))


def cookie_jar(signed: SignedCookies) -> Secret:
    """A Netscape cookie jar, as curl and browsers' tools read it."""
    host, secure = signed.host.partition(":")[0], "TRUE" if signed.resource.startswith("https:") else "FALSE"
    path = "/" + signed.resource.partition("://")[2].partition("/")[2].rstrip("*/")
    until = int(signed.expires.timestamp())
    lines = [
        f"#HttpOnly_{host}\tFALSE\t{path}\t{secure}\t{until}\t{name}\t{value.reveal()}"
        for name, value in signed.cookies.items()
    ]
    return Secret("\n".join(("# Netscape HTTP Cookie File", *lines, "")))


def _encoded(body: bytes) -> str:
    return b64encode(body).decode().translate(TO_COOKIE)


def _key(pem: Secret) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.reveal().encode(), password=None)
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise ValueError("not a key that signs cookies")  # noqa: TRY004 (the text of it, not its Python type)
    return key
