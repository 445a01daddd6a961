"""A small faithful AWS KMS over HTTP: GetPublicKey and Sign for ECC keys, with the errors that KMS has for bad days.

moto hashes a DIGEST once more, so what it signs verifies nowhere.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

CURVES = {"ECC_NIST_P256": ec.SECP256R1, "ECC_NIST_P384": ec.SECP384R1}
STATUS = {"AccessDeniedException": 400, "ThrottlingException": 400, "KMSInternalException": 500}


@dataclass(slots=True)
class KmsKey:
    spec: str = "ECC_NIST_P256"
    usage: str = "SIGN_VERIFY"
    state: str = "Enabled"
    private: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.private = ec.generate_private_key(CURVES[self.spec]())


@dataclass(slots=True)
class Kms:
    """Keys by alias, id or ARN; `errors` are answered first, in their order, `calls` is what was asked."""

    keys: dict[str, KmsKey] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    forged: bool = False
    behind: float = 0.0  # seconds that its clock is behind ours

    def answer(self, target: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(target)
        if self.errors:
            return _error(self.errors.pop(0))
        key = self.keys.get(asked["KeyId"])
        if key is None:
            return _error("NotFoundException")
        if target == "GetPublicKey":
            der = key.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return 200, {"PublicKey": b64encode(der).decode(), "KeyUsage": key.usage, "KeySpec": key.spec}
        if key.state != "Enabled":
            return _error("DisabledException" if key.state == "Disabled" else "KMSInvalidStateException")
        return self._signed(key, asked)

    def _signed(self, key: KmsKey, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        message = b64decode(asked["Message"])
        digested = asked.get("MessageType", "RAW") == "DIGEST"
        if asked["SigningAlgorithm"] != "ECDSA_SHA_256" or len(message) > 4096 or (digested and len(message) != 32):
            return _error("ValidationException")
        algorithm = ec.ECDSA(Prehashed(hashes.SHA256()) if digested else hashes.SHA256())
        signature = key.private.sign(bytes(32) if self.forged else message, algorithm)
        return 200, {"Signature": b64encode(signature).decode(), "SigningAlgorithm": "ECDSA_SHA_256"}


@contextmanager
def kms_server(kms: Kms) -> Iterator[str]:
    """The endpoint, for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_DELETE(self) -> None:
            self.send_response_only(204)
            self.send_header("Date", self.date_time_string(time.time() - kms.behind))
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers["X-Amz-Target"].removeprefix("TrentService.")
            status, answer = kms.answer(target, json.loads(body))
            raw = json.dumps(answer).encode()
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(time.time() - kms.behind))
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the same)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _error(code: str) -> tuple[int, dict[str, Any]]:
    return STATUS.get(code, 400), {"__type": code, "message": f"injected {code}"}
