"""A large file on its way up: in parts, several at once, each checked by the server against its SHA-256."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

PART = 16 << 20  # bytes; with MOST parts that is 160 GB, beyond it parts grow
MOST = 10_000
IN_PARALLEL = 4  # parts in memory at once


class Parts:
    """One multipart upload of `path`; `told` says where it goes and how it is described."""

    def __init__(self, client: S3Client, told: dict[str, Any], path: Path) -> None:
        self._client = client
        self._told = told
        self._path = path
        self._at = {name: told[name] for name in ("Bucket", "Key")}
        self._size = path.stat().st_size
        self._part = max(PART, -(-self._size // MOST))

    def upload(self, condition: Any) -> str:  # noqa: ANN401 (keyword arguments of the client)
        """Everything, whole or not at all; the condition holds at the moment of completion. Returns the etag."""
        upload = self._client.create_multipart_upload(**self._told, ChecksumAlgorithm="SHA256")["UploadId"]
        numbers = range(1, -(-self._size // self._part) + 1)
        try:
            with ThreadPoolExecutor(IN_PARALLEL) as pool:
                parts: Any = list(pool.map(lambda number: self._sent(upload, number), numbers))
            done = self._client.complete_multipart_upload(
                **self._at,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                **condition,
            )
        except BaseException:
            with suppress(BotoCoreError, ClientError):  # what is left of it costs money, not correctness
                self._client.abort_multipart_upload(**self._at, UploadId=upload)
            raise
        return done["ETag"]

    def _sent(self, upload: str, number: int) -> dict[str, Any]:
        with self._path.open("rb") as file:
            file.seek((number - 1) * self._part)
            body = file.read(self._part)
        checksum = b64encode(hashlib.sha256(body).digest()).decode()
        answer = self._client.upload_part(
            **self._at, UploadId=upload, PartNumber=number, Body=body, ChecksumSHA256=checksum
        )
        return {"ETag": answer["ETag"], "PartNumber": number, "ChecksumSHA256": checksum}
