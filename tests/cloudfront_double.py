"""CloudFront on localhost where moto is not faithful: the key-value store's data, public keys, one key group.

It keeps ETags and refuses a stale one, counts quotas, deletes no key that is in use and takes 50 keys at a time. Real
HTTP and botocore's own serialisation; only the signature (SigV4A) is not checked. `interlopers` run before an update.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import boto3
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

if TYPE_CHECKING:
    from collections.abc import Iterator

ARN = "arn:aws:cloudfront::123456789012:key-value-store/0123abcd"
GROUP = "11111111-2222-3333-4444-555555555555"
NS = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
PAGE, BATCH = 50, 50
Reply = tuple[int, str, str, str]  # status, body, ETag, error code


@dataclass
class CloudFront:
    """What is there."""

    values: dict[str, str] = field(default_factory=dict)
    version: int = 1
    keys: dict[str, tuple[str, str]] = field(default_factory=lambda: {"KNOBODY": ("nobody", "")})
    group: list[str] = field(default_factory=lambda: ["KNOBODY"])
    group_version: int = 1
    invalidations: list[list[str]] = field(default_factory=list)
    interlopers: list[Callable[[CloudFront], None]] = field(default_factory=list)
    lost: int = 0  # so many answers to a CreatePublicKey never arrive
    batches: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def session(self) -> boto3.Session:
        """A session whose requests to CloudFront come here."""
        made = boto3.Session("AKIATESTTESTTESTTEST", "test-secret", region_name="us-east-1")

        def here(request: Any, **_: Any) -> None:
            parts = urlsplit(request.url)
            request.url = f"http://127.0.0.1:{self.port}{parts.path}" + (f"?{parts.query}" if parts.query else "")

        for service in ("cloudfront", "cloudfront-keyvaluestore"):
            made.events.register(f"before-send.{service}", here)
        return made

    # ---- the key-value store ---------------------------------------------------------------------------------------
    def store(self, method: str, rest: str, query: dict[str, str], body: bytes, match: str) -> Reply:
        if method == "GET" and rest == "":
            said = {"ItemCount": len(self.values), "KvsARN": ARN, "TotalSizeInBytes": 1, "Created": 0}
            return 200, json.dumps(said), f"E{self.version}", ""
        if method == "GET":
            start = int(query.get("NextToken", "0"))
            names = sorted(self.values)
            some = names[start : start + min(PAGE, int(query.get("MaxResults", PAGE)))]
            page: dict[str, Any] = {"Items": [{"Key": name, "Value": self.values[name]} for name in some]}
            if start + len(some) < len(names):
                page["NextToken"] = str(start + len(some))
            return 200, json.dumps(page), "", ""
        if self.interlopers:
            self.interlopers.pop(0)(self)
        asked = json.loads(body)
        puts, deletes = asked.get("Puts", []), asked.get("Deletes", [])
        if match != f"E{self.version}":
            return 409, json.dumps({"Message": "stale"}), "", "ConflictException"
        wrong = len(puts) + len(deletes) > BATCH or any(len(p["Value"]) > 1024 or len(p["Key"]) > 512 for p in puts)
        missing = any(d["Key"] not in self.values for d in deletes)
        if wrong or missing:
            code = "ValidationException" if wrong else "ResourceNotFoundException"
            return 400 if wrong else 404, json.dumps({"Message": "no"}), "", code
        self.batches.append(len(puts) + len(deletes))
        self.values.update({p["Key"]: p["Value"] for p in puts})
        for each in deletes:
            del self.values[each["Key"]]
        self.version += 1
        return 200, json.dumps({"ItemCount": len(self.values), "TotalSizeInBytes": 1}), f"E{self.version}", ""

    # ---- public keys, the key group, invalidations -----------------------------------------------------------------
    def control(self, method: str, path: str, body: bytes, match: str) -> Reply:  # noqa: C901, PLR0911 (a route a line)
        match path.strip("/").split("/"):
            case ["public-key"] if method == "POST":
                return self._create_key(body)
            case ["public-key"]:
                items = "".join(
                    f"<PublicKeySummary><Id>{i}</Id><Name>{escape(n)}</Name><CreatedTime>2030-01-01T00:00:00Z"
                    f"</CreatedTime><EncodedKey>{escape(pem)}</EncodedKey></PublicKeySummary>"
                    for i, (n, pem) in self.keys.items()
                )
                listed = f"<MaxItems>100</MaxItems><Quantity>{len(self.keys)}</Quantity><Items>{items}</Items>"
                return 200, f'<PublicKeyList xmlns="{NS}">{listed}</PublicKeyList>', "", ""
            case ["public-key", key] if key not in self.keys:
                return _error(404, "NoSuchPublicKey")
            case ["public-key", key] if method == "DELETE":
                if key in self.group:
                    return _error(409, "PublicKeyInUse")
                if match != f"P{key}":
                    return _error(412, "PreconditionFailed")
                del self.keys[key]
                return 204, "", "", ""
            case ["public-key", key]:
                return 200, self._key(key), f"P{key}", ""
            case ["key-group", _] if method == "PUT":
                return self._update_group(body, match)
            case ["key-group", _]:
                return 200, self._group(), f"G{self.group_version}", ""
            case ["distribution", _, "invalidation"]:
                paths = [unquote(e.text or "") for e in ET.fromstring(body).iter(f"{{{NS}}}Path")]  # noqa: S314 (ours)
                self.invalidations.append(paths)
                done = "<Id>I1</Id><Status>InProgress</Status><CreateTime>2030-01-01T00:00:00Z</CreateTime>"
                return 201, f'<Invalidation xmlns="{NS}">{done}</Invalidation>', "", ""
        return _error(404, "NoSuchResource")

    def _create_key(self, body: bytes) -> Reply:
        held = {e.tag.rpartition("}")[2]: e.text or "" for e in ET.fromstring(body)}  # noqa: S314 (ours)
        if any(name == held["Name"] for name, _ in self.keys.values()):
            return _error(409, "PublicKeyAlreadyExists")
        if len(self.keys) >= 10:
            return _error(400, "TooManyPublicKeys")
        try:
            load_pem_public_key(held["EncodedKey"].encode())
        except (ValueError, UnsupportedAlgorithm):
            return _error(400, "InvalidArgument")
        key = f"K{len(self.keys)}{abs(hash(held['EncodedKey'])) % 10**8:08}"
        self.keys[key] = (held["Name"], held["EncodedKey"])
        if self.lost:
            self.lost -= 1
            return _error(500, "InternalFailure")
        return 201, self._key(key), f"P{key}", ""

    def _update_group(self, body: bytes, match: str) -> Reply:
        if self.interlopers:
            self.interlopers.pop(0)(self)
        items = [e.text or "" for e in ET.fromstring(body).iter(f"{{{NS}}}PublicKey")]  # noqa: S314 (ours)
        if match != f"G{self.group_version}":
            return _error(412, "PreconditionFailed")
        if len(items) > 5:
            return _error(400, "TooManyPublicKeysInKeyGroup")
        if not items or any(item not in self.keys for item in items):
            return _error(400, "InvalidArgument")
        self.group, self.group_version = items, self.group_version + 1
        return 200, self._group(), f"G{self.group_version}", ""

    def _key(self, key: str) -> str:
        name, pem = self.keys[key]
        config = f"<CallerReference>{name}</CallerReference><Name>{name}</Name><EncodedKey>{escape(pem)}</EncodedKey>"
        made = f"<Id>{key}</Id><CreatedTime>2030-01-01T00:00:00Z</CreatedTime>"
        return f'<PublicKey xmlns="{NS}">{made}<PublicKeyConfig>{config}</PublicKeyConfig></PublicKey>'

    def _group(self) -> str:
        items = "".join(f"<PublicKey>{key}</PublicKey>" for key in self.group)
        config = f"<KeyGroupConfig><Name>g</Name><Items>{items}</Items></KeyGroupConfig>"
        made = f"<Id>{GROUP}</Id><LastModifiedTime>2030-01-01T00:00:00Z</LastModifiedTime>"
        return f'<KeyGroup xmlns="{NS}">{made}{config}</KeyGroup>'


def _error(status: int, code: str) -> Reply:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
    return status, f'<ErrorResponse xmlns="{NS}">{error}<RequestId>1</RequestId></ErrorResponse>', "", code


class _Handler(BaseHTTPRequestHandler):
    there: CloudFront
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        parts = urlsplit(self.path)
        match = self.headers.get("if-match", "")
        self.there.requests.append(f"{self.command} {parts.path}")
        found = re.fullmatch(r"/key-value-stores/([^/]+)(/keys)?/?", parts.path)
        if found:
            assert unquote(found[1]) == ARN
            assert "AWS4-ECDSA-P256-SHA256" in self.headers["authorization"]  # SigV4A
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            reply = self.there.store(self.command, found[2] or "", query, body, match)
        else:
            reply = self.there.control(self.command, parts.path.removeprefix("/2020-05-31"), body, match)
        status, said, etag, code = reply
        self.send_response(status)
        for name, value in (("ETag", etag), ("x-amzn-errortype", code)):
            if value:
                self.send_header(name, value)
        self.send_header("content-type", "application/json" if found else "text/xml")
        self.send_header("content-length", str(len(said.encode())))
        self.end_headers()
        self.wfile.write(said.encode())

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 (their names)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def cloudfront() -> Iterator[CloudFront]:
    """The double, for as long as the block runs."""
    there = CloudFront()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"there": there}))
    server.daemon_threads = True
    there.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
