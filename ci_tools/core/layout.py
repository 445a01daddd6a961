"""Where everything lies in the store: keys below the configured prefix, which is the channel's base URL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from ci_tools.core.package import Filename, Subdir

TIMESTAMP = "tuf/timestamp.json"  # the commit point
FIRST_ROOT = "tuf/1.root.json"
CHANNELDATA = "channeldata.json"
INDEX_PAGE = "index.html"
PROJECTED = "tuf/projected.json"  # up to which generation the pointers that clients know are written
COLLECTION = "collection.json"  # what garbage collection is about to remove
CURATION = "curation.json"  # the yanks and patches that are in force
RECEIPTS = "receipts/"
LONGEST_KEY = 1024  # bytes; S3's limit
REPODATA = "repodata.json"
REPODATA_ZST = "repodata.json.zst"
SHARD_INDEX = "repodata_shards.msgpack.zst"
RUN_EXPORTS = "run_exports.json"
RUN_EXPORTS_ZST = "run_exports.json.zst"
BUILDS = "builds.json.zst"
WITHHELD = "withheld.json.zst"

# What a subdir's documents are called, in the order in which a client should never see an older one behind a newer.
SUBDIR_DOCUMENTS = (RUN_EXPORTS, RUN_EXPORTS_ZST, BUILDS, WITHHELD, REPODATA_ZST, REPODATA, SHARD_INDEX)


class Freshness(StrEnum):
    """How long a cache may keep an object; the value is the Cache-Control header."""

    IMMUTABLE = "public, max-age=31536000, immutable"
    POINTER = "public, max-age=60, must-revalidate"
    COMMIT = "no-cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes on their way to the store. `metadata` keys are lower case, values ASCII."""

    key: str
    body: bytes
    freshness: Freshness
    metadata: Mapping[str, str] = field(default_factory=dict)


def sha256(body: bytes) -> str:
    """The digest that names the immutable copy of `body`, lower hex."""
    return hashlib.sha256(body).hexdigest()


def package_key(subdir: Subdir, filename: Filename) -> str:
    """`<subdir>/<dist>.conda`."""
    return f"{subdir}/{filename}"


def sidecar_key(package: str, digest: str = "") -> str:
    """`<package key>.sigs.<sha256>`, immutable; without a digest the mutable `.sigs` (CEP 50)."""
    return f"{package}.sigs.{digest}" if digest else f"{package}.sigs"


def shard_key(subdir: Subdir, digest: str) -> str:
    """`<subdir>/shards/<sha256>.msgpack.zst` (CEP 16)."""
    return f"{subdir}/shards/{digest}.msgpack.zst"


def by_hash(key: str, digest: str) -> str:
    """The immutable copy of a pointer: TUF's consistent-snapshot name, `<folder>/<sha256>.<file>`."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}{digest}.{name}"


def receipt_key(generation: int) -> str:
    """`receipts/<N>.json`."""
    return f"{RECEIPTS}{generation}.json"


def receipt_number(key: str) -> int:
    """N of `receipts/<N>.json`; 0 for any other key."""
    number = key.removeprefix(RECEIPTS).removesuffix(".json")
    return int(number) if key.startswith(RECEIPTS) and number.isdigit() else 0


def metadata_key(role: str, version: int) -> str:
    """`tuf/<N>.<role>.json`."""
    return f"tuf/{version}.{role}.json"


# By its own digest, by that of a package's attestations, or by a number that is taken once.
IMMUTABLE = re.compile(
    r"(?:[^/]+/){0,2}[0-9a-f]{64}\.[^/]+|[^/]+/[^/]+\.sigs\.[0-9a-f]{64}|tuf/[0-9]+\.[a-z]+\.json|receipts/[0-9]+\.json"
)


def is_immutable(key: str) -> bool:
    """Whether what is there once under this name is there for good (packages aside, which nobody reads as a whole)."""
    return IMMUTABLE.fullmatch(key) is not None


CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".zst": "application/zstd",
    ".conda": "application/octet-stream",
    ".bz2": "application/x-bzip2",
    ".sigs": "application/json",
}


def content_type(key: str) -> str:
    """What the object is served as; a sidecar is JSON whatever digest its name ends in."""
    if ".sigs." in key:
        return "application/json"
    _, dot, extension = key.rpartition(".")
    return CONTENT_TYPES.get(dot + extension, "application/octet-stream")


def checked_key(key: str) -> str:
    """`key`, if it is one: relative, no empty, `.` or `..` segment, no control character, UTF-8 of at most 1024 bytes.

    Adapters call this on names in both directions, so that no path trick gets through a door.
    """
    segments = key.split("/")
    bad = (
        any(s in {"", ".", ".."} for s in segments)
        or "\\" in key
        or any(ord(c) < ord(" ") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in key)
    )
    if bad or len(key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
        raise StoreError(f"`{key!r}` is not a key", hint="keys are relative paths without `.` and `..`")
    return key
