"""A channel in a bucket of AWS S3, or of any server that speaks its protocol and keeps its conditions."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ci_tools.adapters.aws_clock import watch_clock
from ci_tools.adapters.patience import pause
from ci_tools.adapters.stores.bodies import digest_of, pieces, size_of
from ci_tools.adapters.stores.conditions import conflict, holds
from ci_tools.adapters.stores.s3_errors import COLLIDED, ENDED, MISSING, REFUSED, code, translated
from ci_tools.adapters.stores.s3_lane import SMALL, lane
from ci_tools.adapters.stores.s3_listing import objects
from ci_tools.adapters.stores.s3_parts import Parts, crc64nvme_of
from ci_tools.adapters.stores.s3_reading import Reading
from ci_tools.core.layout import Freshness, checked_key, content_type
from ci_tools.errors import StoreError
from ci_tools.ports import Absent, Etag, Head, Sent, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from mypy_boto3_s3 import S3Client

AT_ONCE = 64 << 20  # bytes; a longer file goes up in parts
TRIES = 6  # of each request, with growing pauses of 20 s at most
PATIENCE = 60.0  # seconds
COLLISIONS = 8  # how often a write is tried again that S3 itself calls a collision
# S3 says 403, not 404, of a missing object to somebody who may not list.
READ: Final = "`s3:GetObject`, and `s3:ListBucket` to tell what is missing from what is forbidden,"
WRITE: Final = "`s3:PutObject` and `s3:GetObject`"


class S3Store:
    """The objects of `bucket` below `prefix`. Who may is said by boto3's own chain of credentials, never here.

    `endpoint` is an S3 server other than AWS; `at_once` the size in bytes from which a file goes up in parts;
    `patience` how many seconds may pass without a byte before a request is tried again, `tries` times in all.
    """

    def __init__(
        self, *, bucket: str, prefix: str = "", region: str = "", endpoint: str = "",
        session: boto3.Session | None = None, at_once: int = AT_ONCE, tries: int = TRIES, patience: float = PATIENCE,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._at_once = at_once
        self._tries = tries
        with self._asking(bucket, READ):
            known = session or boto3.Session()
            self._client = _client(known, region, endpoint, _config(tries, patience, endpoint))
            self._lane = lane(
                known, bucket=bucket, region=self._client.meta.region_name, endpoint=endpoint, patience=patience
            )

    def get(self, key: str) -> Stored:
        with self._asking(key, READ):
            reading = self._reading(key)
            body = b"".join(reading)
            return Stored(body=body, head=_head(key, reading.answer, len(body)))

    def head(self, key: str) -> Head:
        with self._asking(key, READ):
            answer = self._client.head_object(**self._at(key))
            return _head(key, answer, answer["ContentLength"])

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        if stop is not None and stop <= start:
            self.head(key)
            return
        with self._asking(key, READ):
            yield from self._reading(key, start, stop)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None, sent: Sent | None = None,
    ) -> Etag:  # fmt: skip
        told: dict[str, Any] = {
            **self._at(key),
            "ContentType": content_type(key),
            "CacheControl": freshness.value,
            "Metadata": dict(metadata or {}),
        }
        with self._asking(key, WRITE):
            for attempt in range(COLLISIONS):
                try:
                    return self._sent(key, told, body, if_match, sent)
                except ClientError as exc:
                    if (arrived := self._arrived(key, told, body, if_match, exc)) is not None:
                        return arrived
                pause(attempt)
        raise conflict(key, f"it is written by others all the time: {COLLISIONS} collisions")

    def list(self, prefix: str) -> Iterator[Head]:
        with self._asking(prefix, "`s3:ListBucket`"):
            for found in objects(self._client, self._bucket, self._prefix + prefix):
                key = checked_key(found["Key"].removeprefix(self._prefix))
                yield Head(key=key, etag=Etag(found["ETag"]), size=found["Size"])

    def delete(self, key: str) -> None:
        with self._asking(key, "`s3:DeleteObject`"):
            self._client.delete_object(**self._at(key))

    def _asking(self, key: str, right: str) -> AbstractContextManager[None]:
        return translated(key, right, self._tries)

    def _at(self, key: str) -> Any:  # noqa: ANN401 (keyword arguments that every call of the client takes)
        return {"Bucket": self._bucket, "Key": self._prefix + checked_key(key)}

    def _reading(self, key: str, start: int = 0, stop: int | None = None) -> Reading:
        return Reading(self._client, self._at(key), tries=self._tries, start=start, stop=stop)

    def _sent(
        self, key: str, told: dict[str, Any], body: bytes | Path, if_match: Etag | Absent | None, sent: Sent | None
    ) -> Etag:
        if isinstance(body, Path) and size_of(body) > self._at_once:
            return self._sent_in_parts(key, told, body, if_match, sent)
        if self._lane and told["CacheControl"] == Freshness.IMMUTABLE and size_of(body) <= SMALL:
            body = body.read_bytes() if isinstance(body, Path) else body
            if (etag := self._lane.put(told, body, if_match)) is not None:
                return etag
        condition = _condition(if_match)
        checksum = _text(hashlib.sha256(body).digest() if isinstance(body, bytes) else digest_of(pieces(body)))
        if isinstance(body, Path):
            with body.open("rb") as file:
                answer = self._client.put_object(**told, Body=file, ChecksumSHA256=checksum, **condition)
        else:
            answer = self._client.put_object(**told, Body=body, ChecksumSHA256=checksum, **condition)
        return Etag(answer["ETag"])

    def _sent_in_parts(
        self, key: str, told: dict[str, Any], path: Path, if_match: Etag | Absent | None, sent: Sent | None
    ) -> Etag:
        # The server looks at the condition when the last byte is there; gigabytes need not travel for a refusal.
        if if_match is not None and (there := self._settled(key, told, path, if_match)) is not None:
            return there
        etag, vouched = Parts(self._client, told, path, sent).upload(_condition(if_match))
        if not vouched and digest_of(self._reading(key)) != digest_of(pieces(path)):
            hint = "remove it by hand: nothing refers to it yet"
            raise StoreError(f"the store holds other bytes of `{key}` than were sent", hint=hint)
        return Etag(etag)

    def _arrived(
        self, key: str, told: dict[str, Any], body: bytes | Path, if_match: Etag | Absent | None, exc: ClientError
    ) -> Etag | None:
        """The etag where our own write is there although `exc` refused it; None where it may be tried again.

        The false 412: an answer got lost, the write was repeated, and the condition met our own object. A 409 says
        no more than that another write is under way this moment.
        """
        if code(exc) in ENDED:  # AWS says so too when a completion is repeated whose answer got lost
            found = self._present(key)
            if found and self._ours(key, found, told["Metadata"], body):
                return Etag(found["ETag"])
            raise exc
        if code(exc) in REFUSED | COLLIDED or (if_match is not None and code(exc) in MISSING):
            return self._settled(key, told, body, if_match)
        raise exc

    def _settled(
        self, key: str, told: dict[str, Any], body: bytes | Path, if_match: Etag | Absent | None
    ) -> Etag | None:
        """The etag of what is there, if it is ours; None where the condition may hold; ConflictError otherwise."""
        found = self._present(key)
        if holds(if_match, Etag(found["ETag"]) if found else None):
            return None
        if found and self._ours(key, found, told["Metadata"], body):
            return Etag(found["ETag"])
        raise conflict(key)

    def _present(self, key: str) -> Any:  # noqa: ANN401 (the client's answer)
        try:
            return self._client.head_object(**self._at(key), ChecksumMode="ENABLED")
        except ClientError as exc:
            if code(exc) not in MISSING:
                raise
        return None

    def _ours(self, key: str, found: Any, metadata: Mapping[str, str], body: bytes | Path) -> bool:  # noqa: ANN401 (the client's answer)
        if _metadata(found) != metadata or found["ContentLength"] != size_of(body):
            return False
        if "-" not in (known := found.get("ChecksumSHA256", "-")):  # `…-2` is a digest of two parts' digests
            return bool(known == _text(digest_of(pieces(body))))
        if found.get("ChecksumType") == "FULL_OBJECT" and "ChecksumCRC64NVME" in found:
            # No proof against forgery, but whoever forges here may write here; clients compare the SHA-256.
            return bool(found["ChecksumCRC64NVME"] == crc64nvme_of(body))
        reading = self._reading(key)
        same = digest_of(reading) == digest_of(pieces(body))
        return same and reading.answer.get("ETag", found["ETag"]) == found["ETag"]


def _config(tries: int, patience: float, endpoint: str) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": tries},
        connect_timeout=min(10, patience),
        read_timeout=patience,
        max_pool_connections=64,
        # Our own checksum goes with every write; a trailing one would leave `aws-chunked` in what clients are told.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )


def _client(session: boto3.Session, region: str, endpoint: str, config: Config) -> S3Client:
    try:
        client = session.client("s3", region_name=region or None, endpoint_url=endpoint or None, config=config)
    except ValueError as exc:
        raise StoreError(f"`{endpoint}` is no address of a server", hint="mend `store: {endpoint: …}`") from exc
    watch_clock(client)
    return client


def _condition(if_match: Etag | Absent | None) -> Any:  # noqa: ANN401 (keyword arguments of the client)
    if if_match is None:
        return {}
    return {"IfNoneMatch": "*"} if isinstance(if_match, Absent) else {"IfMatch": if_match}


def _head(key: str, answer: Any, size: int) -> Head:  # noqa: ANN401 (one of several answers of the client)
    return Head(key=key, etag=Etag(answer["ETag"]), size=size, metadata=_metadata(answer))


def _metadata(answer: Any) -> dict[str, str]:  # noqa: ANN401 (one of several answers of the client)
    return {name.lower(): value for name, value in answer["Metadata"].items()}


def _text(digest: bytes) -> str:
    return b64encode(digest).decode()
