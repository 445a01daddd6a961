"""CloudFront's signed cookies with a custom policy: what opens, and what is said where nothing does."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

PublicKey = RSAPublicKey | EllipticCurvePublicKey
KEY, POLICY, SIGNATURE = "CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"
ALGORITHM = "CloudFront-Hash-Algorithm"
# Absent means SHA1: CloudFront knew nothing else for long.
ALGORITHMS: Mapping[str, SHA1 | SHA256] = {"SHA1": SHA1(), "SHA256": SHA256()}  # noqa: S303
COOKIE_BASE64 = str.maketrans("-_~", "+=/")
LAST_SECOND = 253402300799
EVERYWHERE = IPv4Network("0.0.0.0/0")


class CookieRefusal(StrEnum):
    """The error code in CloudFront's answer, which is always a 403."""

    MISSING_KEY = "MissingKey"
    INVALID_KEY = "InvalidKey"
    MALFORMED_POLICY = "MalformedPolicy"
    MALFORMED_SIGNATURE = "MalformedSignature"
    ACCESS_DENIED = "AccessDenied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One statement: where, until when, from when, from which network. Seconds since the epoch."""

    resource: str
    until: int
    since: int = 0
    network: IPv4Network = EVERYWHERE

    def opens(self, url: str, address: str, now: datetime) -> bool:
        """Whether a request for `url` from `address` is what the policy is about."""
        place = ip_address(address)
        at_home = place in self.network if isinstance(place, IPv4Address) else self.network.prefixlen == 0
        return self.since < now.timestamp() < self.until and at_home and _matches(self.resource, url)


def parse_public_key(pem: bytes) -> PublicKey | None:
    """The key, if it is of a kind that CloudFront takes: RSA of 2048 bits, or ECDSA on P-256."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    match key:
        case RSAPublicKey(key_size=2048):
            return key
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return key
        case _:
            return None


def parse_cookies(header: str) -> dict[str, str]:
    """The cookies in a Cookie header (RFC 6265, 4.2.1), by name."""
    pairs = (each.strip().partition("=") for each in header.split(";"))
    return {name: value.strip('"') for name, equals, value in pairs if equals}


def cookie_refusal(
    cookies: Mapping[str, str], keys: Mapping[str, PublicKey], url: str, address: str, now: datetime
) -> CookieRefusal | None:
    """Why `cookies` do not open `url` (scheme, host, raw path) for `address`; None where they do.

    `keys` are those of the behaviour's key group by id. The policy is only looked at once its signature holds.
    """
    if KEY not in cookies:
        return CookieRefusal.MISSING_KEY
    key = keys.get(cookies[KEY])
    if key is None:
        return CookieRefusal.INVALID_KEY
    text = _decoded(cookies.get(POLICY, ""))
    if refused := _signature_refusal(cookies, key, text):
        return refused
    policy = parse_policy(text)
    if policy is None:
        return CookieRefusal.MALFORMED_POLICY
    return None if policy.opens(url, address, now) else CookieRefusal.ACCESS_DENIED


def parse_policy(text: bytes) -> Policy | None:
    """The policy in `text`; None where it is not exactly one statement of the known shape."""
    try:
        match json.loads(text):
            case {"Statement": [{"Resource": str(resource), "Condition": dict(condition), **more}], **rest}:
                return None if more or rest else _policy(resource, condition)
    except (ValueError, RecursionError):
        return None
    return None


def _signature_refusal(cookies: Mapping[str, str], key: PublicKey, text: bytes) -> CookieRefusal | None:
    signature = _decoded(cookies.get(SIGNATURE, ""))
    algorithm = ALGORITHMS.get(cookies.get(ALGORITHM, "SHA1"))
    if not text:
        return CookieRefusal.MALFORMED_POLICY
    if not signature or algorithm is None:
        return CookieRefusal.MALFORMED_SIGNATURE
    return None if _is_signed(key, signature, text, algorithm) else CookieRefusal.ACCESS_DENIED


def _policy(resource: str, condition: Mapping[str, object]) -> Policy | None:
    known = {"DateLessThan": "AWS:EpochTime", "DateGreaterThan": "AWS:EpochTime", "IpAddress": "AWS:SourceIp"}
    values: dict[str, object] = {}
    for name, held in condition.items():
        match held:
            case dict() if list(held) == [known.get(name)]:
                values[name] = held[known[name]]
            case _:
                return None
    until, since = values.get("DateLessThan"), values.get("DateGreaterThan", 0)
    network = IPv4Network(str(values.get("IpAddress", EVERYWHERE)), strict=False)
    if not (_is_moment(until) and _is_moment(since) and resource.startswith(("http://", "https://"))):
        return None
    return Policy(resource=resource, until=int(str(until)), since=int(str(since)), network=network)


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND


def _matches(resource: str, url: str) -> bool:
    """`*` is any number of characters, `?` exactly one."""
    pattern = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in re.sub(r"\*+", "*", resource))
    return re.fullmatch(pattern, url, re.DOTALL) is not None


def _decoded(cookie: str) -> bytes:
    try:
        return b64decode(cookie.translate(COOKIE_BASE64), validate=True)
    except (Base64Error, ValueError):
        return b""


def _is_signed(key: PublicKey, signature: bytes, text: bytes, algorithm: SHA1 | SHA256) -> bool:
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, text, PKCS1v15(), algorithm)
        else:
            key.verify(signature, text, ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True
