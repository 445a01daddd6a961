"""Index a folder with py-rattler's own indexer. A program of its own: py-rattler may crash as an interpreter ends."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from rattler.index import index_fs

asyncio.run(index_fs(Path(sys.argv[1]), write_zst=True, write_shards=True))
sys.stdout.flush()
os._exit(0)
