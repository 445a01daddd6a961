"""A listing in byte order of the keys, from servers that list in S3's order or folder by folder."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ObjectTypeDef


def objects(client: S3Client, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
    """Every object whose key starts with `prefix`, one request for each folder and each thousand of its entries.

    S3 sorts a folder as `a/`, behind `a-b`; SeaweedFS as `a`, before it. So a folder waits until nothing that comes
    can sort before it, which is a handful of entries, not a listing in memory.
    """
    waiting: list[tuple[str, ObjectTypeDef | None]] = []
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    for page in pages:
        for entry in _entries(page):
            heapq.heappush(waiting, entry)
        reached = max((name.removesuffix("/") for name, _ in waiting), default="")
        while waiting and waiting[0][0] <= reached:
            yield from _opened(client, bucket, heapq.heappop(waiting))
    while waiting:
        yield from _opened(client, bucket, heapq.heappop(waiting))


def _entries(page: ListObjectsV2OutputTypeDef) -> Iterator[tuple[str, ObjectTypeDef | None]]:
    for found in page.get("Contents", ()):
        if not found["Key"].endswith("/"):  # a console's mark for a folder without files; no object of a channel
            yield found["Key"], found
    for folder in page.get("CommonPrefixes", ()):
        yield folder["Prefix"], None


def _opened(client: S3Client, bucket: str, entry: tuple[str, ObjectTypeDef | None]) -> Iterator[ObjectTypeDef]:
    name, found = entry
    if found is None:
        yield from objects(client, bucket, name)
    else:
        yield found
