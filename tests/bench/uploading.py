"""Uploads a folder of packages as a publish does: `python uploading.py FOLDER ENDPOINT PREFIX ours|boto3`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig

from ci_tools.adapters.stores.s3 import S3Store
from ci_tools.core.layout import Freshness
from ci_tools.flows.upload import IN_PARALLEL
from ci_tools.ports import ABSENT

folder, endpoint, prefix, who = Path(sys.argv[1]), *sys.argv[2:]
BUCKET = "ready"
paths = sorted(folder.iterdir())
if who == "ours":
    store = S3Store(bucket=BUCKET, prefix=prefix, endpoint=endpoint)

    def send(path: Path) -> None:
        told = {"sha256": "0" * 64, "input-hash": "0" * 64}
        store.put(f"noarch/{path.name}", path, Freshness.IMMUTABLE, if_match=ABSENT, metadata=told)
else:
    client = boto3.client("s3", endpoint_url=endpoint)
    config = TransferConfig(max_concurrency=10)

    def send(path: Path) -> None:
        client.upload_file(str(path), BUCKET, f"{prefix}/noarch/{path.name}", Config=config)


with ThreadPoolExecutor(IN_PARALLEL) as pool:
    list(pool.map(send, paths))
