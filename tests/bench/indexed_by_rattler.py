"""py-rattler's indexer on a bucket: `python indexed_by_rattler.py URL ENDPOINT [force]`. It may crash as it ends."""

from __future__ import annotations

import asyncio
import os
import sys

from rattler.index import S3Credentials, index_s3

credentials = S3Credentials(
    endpoint_url=sys.argv[2], region=os.environ["AWS_DEFAULT_REGION"], access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"], addressing_style="path",
)  # fmt: skip
asyncio.run(
    index_s3(sys.argv[1], credentials=credentials, write_zst=True, write_shards=True, force=sys.argv[3:] == ["force"])
)
os._exit(0)
