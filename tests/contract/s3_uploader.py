"""Puts the file at argv[1] into the bucket of the server at argv[2], and says how much memory it ever had, in KB."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from ci_tools.adapters.stores.s3 import S3Store
from ci_tools.core.layout import Freshness
from ci_tools.ports import ABSENT

path = Path(sys.argv[1])
store = S3Store(bucket=sys.argv[3], prefix=uuid.uuid4().hex, endpoint=sys.argv[2])
store.put(f"noarch/{path.name}", path, Freshness.IMMUTABLE, if_match=ABSENT)
assert store.head(f"noarch/{path.name}").size == path.stat().st_size
sys.stdout.write(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
