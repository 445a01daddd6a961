"""Sharded repodata: one small document per package name, named by its digest, and the index of them (CEP 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from ci_tools.core.zst import packed, unpacked
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_tools.core.package import Subdir

VERSION = 1
LEVEL = 9  # a shard is written once and read for ever; denser levels gain nothing on digests
DIGESTS = ("md5", "sha256")  # CEP 16: as raw bytes; every other digest stays hex (CEP 50)
DIGEST_SIZE = 32


def shard(packages: Mapping[str, Any], conda: Mapping[str, Any], removed: Sequence[str]) -> bytes:
    """The shard of one package: its records by file name, and the file names that were withdrawn."""
    body = {
        "packages": {name: _raw(packages[name]) for name in sorted(packages)},
        "packages.conda": {name: _raw(conda[name]) for name in sorted(conda)},
        "removed": sorted(removed),
    }
    return packed(msgpack.packb(body), LEVEL)


def shard_index(subdir: Subdir, digests: Mapping[str, bytes]) -> bytes:
    """The shard index; without `created_at`, for equal records give equal bytes."""
    # CEP 16: both URLs are relative to the index; an empty one is the folder it is in.
    info = {"base_url": "", "shards_base_url": "./shards/", "subdir": subdir.value}
    body = {"info": info, "shards": {name: digests[name] for name in sorted(digests)}, "version": VERSION}
    return packed(msgpack.packb(body))


def read_shard_index(document: bytes, what: str) -> Mapping[str, bytes]:
    """Package name -> digest of its shard; StoreError names `what` where it is broken."""
    body = _read(document, what)
    digests = body.get("shards")
    if body.get("version", VERSION) != VERSION or not isinstance(digests, dict):
        raise StoreError(f"`{what}` is not a shard index of version {VERSION}")
    if not all(isinstance(v, bytes) and len(v) == DIGEST_SIZE for v in digests.values()):
        raise StoreError(f"`{what}` names a shard by something that is no SHA-256")
    return digests


def shard_base(document: bytes, what: str) -> str:
    """Where a foreign index says that its shards are, relative to it; StoreError where that is another place."""
    info = _read(document, what).get("info", {})
    base = info.get("shards_base_url", "") if isinstance(info, dict) else ""
    base = str(base).removeprefix("./")
    if ":" in base or base.startswith("/") or ".." in base.split("/"):
        raise StoreError(f"`{what}` has its shards at another place", hint="name a mirror that has repodata.json")
    return base if not base or base.endswith("/") else f"{base}/"


def read_shard(document: bytes, what: str) -> Mapping[str, Any]:
    """A shard with its digests in hex again, as repodata.json has them."""
    body = _read(document, what)
    for section in ("packages", "packages.conda"):
        body[section] = {name: _hex(record) for name, record in body.get(section, {}).items()}
    return body


def _read(document: bytes, what: str) -> dict[str, Any]:
    try:
        body = msgpack.unpackb(unpacked(document, what))
    except (ValueError, msgpack.UnpackException) as exc:
        raise StoreError(f"`{what}` is not msgpack", hint="`channel index rebuild` writes it anew") from exc
    if not isinstance(body, dict):
        raise StoreError(f"`{what}` is not a map")
    return body


def _raw(record: Mapping[str, Any]) -> dict[str, Any]:
    return {k: bytes.fromhex(v) if k in DIGESTS and isinstance(v, str) else v for k, v in sorted(record.items())}


def _hex(record: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v.hex() if k in DIGESTS and isinstance(v, bytes) else v for k, v in record.items()}
