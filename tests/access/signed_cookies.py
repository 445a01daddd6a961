"""Cookies as a channel signs them, with keys of RSA and EC."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from edge_world import NOW

RSA_KEY, EC_KEY = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
KEYS = {"KRSA": RSA_KEY.public_key(), "KEC": EC_KEY.public_key()}
UNTIL = int(NOW.timestamp()) + 60


def policy(resource: str = "https://conda.acme.example/main/*", **condition: Any) -> bytes:
    held = {"DateLessThan": {"AWS:EpochTime": UNTIL}, **condition}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": held}]}, separators=(",", ":")).encode()


def encoded(data: bytes) -> str:
    return b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def cookies(text: bytes, key: Any = EC_KEY, algorithm: Any = SHA256, **changed: str) -> dict[str, str]:
    chosen = algorithm()
    signature = key.sign(text, ec.ECDSA(chosen)) if key is not RSA_KEY else key.sign(text, PKCS1v15(), chosen)
    named = {"SHA1": {}, "SHA256": {"CloudFront-Hash-Algorithm": "SHA256"}}[algorithm.__name__]
    return {
        "CloudFront-Key-Pair-Id": "KRSA" if key is RSA_KEY else "KEC",
        "CloudFront-Policy": encoded(text),
        "CloudFront-Signature": encoded(signature),
        **named,
        **{f"CloudFront-{name.replace('_', '-')}": value for name, value in changed.items()},
    }
