"""A channel in a bucket of AWS S3, or of any server that speaks its protocol and keeps its conditions."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ci_tools.adapters.patience import pause
from ci_tools.adapters.stores.s3_errors import code, translated
from ci_tools.adapters.stores.s3_parts import Parts
from ci_tools.core.layout import Freshness, checked_key, content_type
from ci_tools.errors import ConflictError, NotFoundError
from ci_tools.ports import Absent, Etag, Head, Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3 import S3Client

CHUNK = 1 << 20
AT_ONCE = 64 << 20  # bytes; a longer file goes up in parts
COLLISIONS = 8  # how often a write is tried again that S3 itself calls a collision
CONDITION_FAILED = {"PreconditionFailed", "412"}
COLLIDED = {"ConditionalRequestConflict", "409"}
BEYOND_END = {"InvalidRange", "416"}


class S3Store:
    """The objects of `bucket` below `prefix`. Who may is said by boto3's own chain of credentials, never here.

    `endpoint` is an S3 server other than AWS; `at_once` the size in bytes from which a file goes up in parts.
    """

    def __init__(
        self, *, bucket: str, prefix: str = "", region: str = "", endpoint: str = "",
        session: boto3.Session | None = None, at_once: int = AT_ONCE,
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._at_once = at_once
        self._client: S3Client = (session or boto3.Session()).client(
            "s3", region_name=region or None, endpoint_url=endpoint or None, config=_config(endpoint)
        )

    def get(self, key: str) -> Stored:
        with translated(key, "s3:GetObject"):
            answer = self._client.get_object(**self._at(key))
            body = answer["Body"].read()
        return Stored(body=body, head=_head(key, answer, len(body)))

    def head(self, key: str) -> Head:
        with translated(key, "s3:GetObject"):
            answer = self._client.head_object(**self._at(key))
        return _head(key, answer, answer["ContentLength"])

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        if stop is not None and stop <= start:
            return
        wanted = f"bytes={start}-{'' if stop is None else stop - 1}"
        part: Any = {"Range": wanted} if start or stop else {}
        with translated(key, "s3:GetObject"):
            try:
                answer = self._client.get_object(**self._at(key), **part)
            except ClientError as exc:
                if code(exc) in BEYOND_END:
                    return
                raise
            yield from answer["Body"].iter_chunks(CHUNK)

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
    ) -> Etag:  # fmt: skip
        told: dict[str, Any] = {
            **self._at(key),
            "ContentType": content_type(key),
            "CacheControl": freshness.value,
            "Metadata": dict(metadata or {}),
        }
        with translated(key, "s3:PutObject"):
            try:
                return self._written(told, body, _condition(if_match))
            except ClientError as exc:
                if code(exc) not in CONDITION_FAILED | COLLIDED | {"NoSuchKey", "404"} or if_match is None:
                    raise
        return self._refused(key, body, dict(metadata or {}))

    def list(self, prefix: str) -> Iterator[Head]:
        pages = self._client.get_paginator("list_objects_v2")
        with translated(prefix, "s3:ListBucket"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for found in page.get("Contents", ()):
                    key = checked_key(found["Key"].removeprefix(self._prefix))
                    yield Head(key=key, etag=Etag(found["ETag"]), size=found["Size"])

    def delete(self, key: str) -> None:
        with translated(key, "s3:DeleteObject"):
            self._client.delete_object(**self._at(key))

    def _at(self, key: str) -> Any:  # noqa: ANN401 (keyword arguments that every call of the client takes)
        return {"Bucket": self._bucket, "Key": self._prefix + checked_key(key)}

    def _written(self, told: dict[str, Any], body: bytes | Path, condition: Any) -> Etag:  # noqa: ANN401 (keyword arguments of the client)
        """One conditional write. 409 means that another is under way this moment, which says nothing: try again."""
        for attempt in range(COLLISIONS):
            try:
                return self._sent(told, body, condition)
            except ClientError as exc:
                if code(exc) not in COLLIDED:
                    raise
                pause(attempt)
        raise ConflictError(f"`{told['Key']}` is written by others all the time", hint="try again in a minute")

    def _sent(self, told: dict[str, Any], body: bytes | Path, condition: Any) -> Etag:  # noqa: ANN401 (keyword arguments of the client)
        if isinstance(body, Path) and body.stat().st_size > self._at_once:
            return Etag(Parts(self._client, told, body).upload(condition))
        content = body.read_bytes() if isinstance(body, Path) else body
        checksum = b64encode(hashlib.sha256(content).digest()).decode()
        answer = self._client.put_object(**told, Body=content, ChecksumSHA256=checksum, **condition)
        return Etag(answer["ETag"])

    def _refused(self, key: str, body: bytes | Path, metadata: Mapping[str, str]) -> Etag:
        """The false 412: an answer got lost, the write was repeated, and the condition met our own object."""
        try:
            head = self.head(key)
            if dict(head.metadata) == metadata and self._same(key, head, body):
                return head.etag
        except NotFoundError:
            pass
        raise ConflictError(f"`{key}` was written by somebody else", hint="read it again, then decide again")

    def _same(self, key: str, head: Head, body: bytes | Path) -> bool:
        size = body.stat().st_size if isinstance(body, Path) else len(body)
        return size == head.size and _digest(self.stream(key)) == _digest(_chunks(body))


def _config(endpoint: str) -> Config:
    return Config(
        retries={"mode": "standard", "total_max_attempts": 6},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=32,
        # Our own SHA-256 goes with every write; a trailing checksum would leave `aws-chunked` in what clients are told.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )


def _condition(if_match: Etag | Absent | None) -> dict[str, str]:
    if if_match is None:
        return {}
    return {"IfNoneMatch": "*"} if isinstance(if_match, Absent) else {"IfMatch": if_match}


def _head(key: str, answer: Any, size: int) -> Head:  # noqa: ANN401 (one of several answers of the client)
    return Head(key=key, etag=Etag(answer["ETag"]), size=size, metadata=answer["Metadata"])


def _digest(chunks: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


def _chunks(body: bytes | Path) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    with body.open("rb") as file:
        yield from iter(lambda: file.read(CHUNK), b"")
