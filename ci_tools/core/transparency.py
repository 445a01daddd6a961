"""The log entry, its promise and the certificate timestamp that Sigstore's format asks for.

Ballast: the log is ours, holds one leaf per bundle and is kept nowhere, so it makes nothing transparent
(.github/decisions/the-log-is-ballast.md). What is trusted is the CA and the publisher's key.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from ci_tools.core.canonical import canonical_json
from ci_tools.core.signing import Signer, key_id, public_key

if TYPE_CHECKING:
    from datetime import datetime

LEAF = b"\x00"  # RFC 6962 2.1
SHA256, ECDSA = 4, 3  # RFC 5246 7.4.1.4.1
OCTET_STRING = 0x04
SHORT = 0x7F
V1, CERTIFICATE_TIMESTAMP, PRECERT_ENTRY = 0, 0, 1  # RFC 6962 3.2


def certificate_timestamp(log: Signer, issuer_key: bytes, tbs: bytes, now: datetime) -> bytes:
    """The SCT list extension's value for a certificate's to-be-signed bytes (RFC 6962 3.3)."""
    at = int(now.timestamp() * 1000)
    entry = issuer_key + len(tbs).to_bytes(3, "big") + tbs
    signed = struct.pack("!BBQH", V1, CERTIFICATE_TIMESTAMP, at, PRECERT_ENTRY) + entry + struct.pack("!H", 0)
    signature = log.sign(signed)
    sct = struct.pack("!B32sQHBBH", V1, _log_id(log), at, 0, SHA256, ECDSA, len(signature)) + signature
    timestamps = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
    return tagged(OCTET_STRING, timestamps)


def tagged(tag: int, content: bytes) -> bytes:
    """A DER value."""
    size = len(content)
    # X.690 8.1.3: below 128 a length is one byte; above, a byte that says how many follow, and those.
    long_form = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = bytes([size]) if size <= SHORT else bytes([SHORT + 1 + len(long_form)]) + long_form
    return bytes([tag]) + length + content


def log_entry(log: Signer, origin: str, body: bytes, now: datetime) -> dict[str, Any]:
    """A `tlogEntries` member for a canonical dsse 0.0.1 `body`: proof, checkpoint and promise of a one-leaf tree."""
    log_id = _log_id(log)
    at = int(now.timestamp())
    root = hashlib.sha256(LEAF + body).digest()
    promised = {"body": _text(body), "integratedTime": at, "logID": log_id.hex(), "logIndex": 0}
    return {
        "logIndex": "0",
        "logId": {"keyId": _text(log_id)},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": str(at),
        "inclusionPromise": {"signedEntryTimestamp": _text(log.sign(canonical_json(promised)))},
        "inclusionProof": {
            "logIndex": "0",
            "rootHash": _text(root),
            "treeSize": "1",
            "hashes": [],
            "checkpoint": {"envelope": _checkpoint(log, origin, root)},
        },
        "canonicalizedBody": _text(body),
    }


def log_origin(channel: str) -> str:
    """What the log calls itself: the channel without its scheme (C2SP tlog-checkpoint)."""
    return channel.partition("://")[2]


def _checkpoint(log: Signer, origin: str, root: bytes) -> str:
    # https://c2sp.org/signed-note: the first four bytes of the key id tell which key it was.
    note = f"{origin}\n1\n{_text(root)}\n"
    signature = _text(_log_id(log)[:4] + log.sign(note.encode()))
    return f"{note}\n\N{EM DASH} {origin} {signature}\n"


def _log_id(log: Signer) -> bytes:
    return key_id(public_key(log.public_key_pem))


def _text(value: bytes) -> str:
    return b64encode(value).decode()
