"""How long a cache may keep an object: every key of a channel is immutable, a pointer, or the commit point."""

from __future__ import annotations

import re

from ci_tools.core.layout import TIMESTAMP, Freshness
from ci_tools.core.package import ArchiveFormat

MAX_AGE = re.compile(r"max-age=([0-9]+)")
NAMED_BY_CONTENT = re.compile(
    r"(?:.*/)?[0-9a-f]{64}\.[^/]+"  # the consistent-snapshot name of an index document, and a shard
    r"|.*\.sigs\.[0-9a-f]{64}"  # a sidecar (CEP 50)
    r"|tuf/[0-9]+\.[a-z]+\.json"  # versioned metadata
    r"|receipts/[0-9]+\.json"
)


def freshness_of(key: str) -> Freshness:
    """The Cache-Control that the object of `key` was stored with."""
    if key == TIMESTAMP:
        return Freshness.COMMIT
    if is_package(key) or NAMED_BY_CONTENT.fullmatch(key):
        return Freshness.IMMUTABLE
    return Freshness.POINTER


def is_package(key: str) -> bool:
    """Whether `key` is a package's: large, written once, and only ever streamed."""
    return key.endswith(tuple(archive_format.value for archive_format in ArchiveFormat))


def max_age(freshness: Freshness) -> int:
    """Seconds for which an answer may be given again without asking the store."""
    found = MAX_AGE.search(freshness.value)
    return int(found[1]) if found else 0
