"""A large file on its way up: in parts, several at once, each and the whole checked by the server."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import reduce
from typing import IO, TYPE_CHECKING, Any, cast

from awscrt.checksums import combine_crc64nvme, crc64nvme
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.utils import ReadFileChunk

from ci_tools.adapters.stores.bodies import CHUNK, pieces
from ci_tools.adapters.stores.s3_errors import code

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from ci_tools.ports import Sent

PART = 16 << 20  # bytes; with MOST parts that is 160 GB, beyond it parts grow
MOST = 10_000
IN_PARALLEL = 8
UNKNOWN = {"InvalidRequest", "InvalidArgument", "NotImplemented", "501"}  # a server that has no such checksum
WHOLE = {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "FULL_OBJECT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that has arrived."""

    etag: str
    size: int
    crc: int


class Parts:
    """One multipart upload of `path`; `told` says where it goes and how it is described, `sent` hears of each part."""

    def __init__(self, client: S3Client, told: dict[str, Any], path: Path, sent: Sent | None = None) -> None:
        self._client = client
        self._told = told
        self._path = path
        self._told_of = sent or (lambda _more: None)
        self._at = {name: told[name] for name in ("Bucket", "Key")}
        self._size = path.stat().st_size
        self._part = max(PART, -(-self._size // MOST))

    def upload(self, condition: Any) -> tuple[str, bool]:  # noqa: ANN401 (keyword arguments of the client)
        """Everything, whole or not at all; the condition holds at the moment of completion.

        Returns the etag, and whether the server vouches for the bytes of the whole.
        """
        upload, checked = self._begun()
        with ExitStack() as unless_done:
            unless_done.callback(self._given_up, upload)
            parts = self._sent(upload, checked=checked)
            done = self._completed(upload, parts, condition, checked=checked)
            unless_done.pop_all()
        return done

    def _given_up(self, upload: str) -> None:
        with suppress(BotoCoreError, ClientError):  # what is left of it costs money, not correctness
            self._client.abort_multipart_upload(**self._at, UploadId=upload)

    def _begun(self) -> tuple[str, bool]:
        whole: Any = WHOLE
        try:
            return self._client.create_multipart_upload(**self._told, **whole)["UploadId"], True
        except ClientError as exc:
            if code(exc) not in UNKNOWN:
                raise
        return self._client.create_multipart_upload(**self._told)["UploadId"], False

    def _sent(self, upload: str, *, checked: bool) -> list[Part]:
        starts = enumerate(range(0, self._size, self._part), start=1)
        with ThreadPoolExecutor(IN_PARALLEL) as pool:
            return list(pool.map(lambda at: self._sent_part(upload, *at, checked=checked), starts))

    def _sent_part(self, upload: str, number: int, start: int, *, checked: bool) -> Part:
        size = min(self._part, self._size - start)
        with ReadFileChunk.from_filename(str(self._path), start, size) as body:
            crc, md5 = _sums(body, None if checked else hashlib.md5(usedforsecurity=False))
            body.seek(0)
            checksum = {"ChecksumCRC64NVME": _text(crc)} if checked else {"ContentMD5": md5}
            told: Any = {**self._at, "UploadId": upload, "PartNumber": number, "ContentLength": size, **checksum}
            answer = self._client.upload_part(**told, Body=cast("IO[bytes]", body))
        self._told_of(size)
        return Part(etag=answer["ETag"], size=size, crc=crc)

    def _completed(self, upload: str, parts: list[Part], condition: Any, *, checked: bool) -> tuple[str, bool]:  # noqa: ANN401 (keyword arguments of the client)
        listed: Any = [
            {"ETag": part.etag, "PartNumber": number} | ({"ChecksumCRC64NVME": _text(part.crc)} if checked else {})
            for number, part in enumerate(parts, start=1)
        ]
        whole = _text(reduce(lambda crc, part: combine_crc64nvme(crc, part.crc, part.size), parts, 0))
        promised: Any = {"ChecksumCRC64NVME": whole, "ChecksumType": "FULL_OBJECT"} if checked else {}
        answer = self._client.complete_multipart_upload(
            **self._at,
            UploadId=upload,
            MultipartUpload={"Parts": listed},
            **promised,
            **condition,
        )
        return answer["ETag"], answer.get("ChecksumCRC64NVME") == whole


def crc64nvme_of(body: bytes | Path) -> str:
    """The checksum of the whole, as the server says it."""
    return _text(reduce(lambda crc, piece: crc64nvme(piece, crc), pieces(body), 0))


def _sums(body: ReadFileChunk, md5: hashlib._Hash | None) -> tuple[int, str]:
    """The CRC-64/NVME, and the MD5 as Content-MD5 has it where one is wanted."""
    crc = 0
    while chunk := body.read(CHUNK):
        crc = crc64nvme(chunk, crc)
        if md5:
            md5.update(chunk)
    return crc, b64encode(md5.digest()).decode() if md5 else ""


def _text(crc: int) -> str:
    return b64encode(crc.to_bytes(8, "big")).decode()
