"""What a generation says of a subdir's packages: in repodata.json, its compressed form and its shards alike."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.shards import read_shard, read_shard_index
from ci_tools.core.verification import Finding, Records, chain_finding, read_records, record_findings, shard_findings
from ci_tools.core.zst import unpacked
from ci_tools.errors import NotFoundError, StoreError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.ports import ChannelSource

IN_PARALLEL = 8
LARGEST_SHARD = 64 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The records of one subdir, and how many shards hold them again."""

    subdir: Subdir
    records: Records
    shards: int
    findings: tuple[Finding, ...]


def verify_records(source: ChannelSource, subdir: Subdir, documents: Mapping[str, bytes]) -> Listed:
    """The records of `subdir` in the generation's `documents` (key -> bytes, already believed)."""
    key = f"{subdir}/{layout.REPODATA}"
    if key not in documents:  # a finding of its own already
        return Listed(subdir=subdir, records={}, shards=0, findings=())
    try:
        records = read_records(documents[key], subdir)
    except TrustError as exc:
        return Listed(subdir=subdir, records={}, shards=0, findings=(chain_finding(exc, key),))
    digests, findings = _index(subdir, documents)
    sharded, more = _sharded(source, subdir, digests)
    if digests or findings or f"{subdir}/{layout.SHARD_INDEX}" in documents:
        # A shard that could not be read is one finding, not one for each of its records.
        unread = {finding.where for finding in more}
        known = {n: r for n, r in records.items() if _shard_key(subdir, digests, str(r.get("name"))) not in unread}
        more = (*more, *shard_findings(subdir, known, sharded))
    every = (*_compressed(subdir, documents), *findings, *record_findings(subdir, records), *more)
    return Listed(subdir=subdir, records=records, shards=len(digests), findings=every)


def _compressed(subdir: Subdir, documents: Mapping[str, bytes]) -> Iterator[Finding]:
    for plain, packed in ((layout.REPODATA, layout.REPODATA_ZST), (layout.RUN_EXPORTS, layout.RUN_EXPORTS_ZST)):
        body, frame = documents.get(f"{subdir}/{plain}"), documents.get(f"{subdir}/{packed}")
        if body is not None and frame is not None and not _holds(frame, body):
            yield Finding(where=f"{subdir}/{packed}", what=f"does not hold the same as {plain}")


def _holds(frame: bytes, body: bytes) -> bool:
    try:
        return unpacked(frame, "", len(body)) == body
    except StoreError:
        return False


def _index(subdir: Subdir, documents: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], tuple[Finding, ...]]:
    key = f"{subdir}/{layout.SHARD_INDEX}"
    if key not in documents:
        return {}, ()
    try:
        return read_shard_index(documents[key], key), ()
    except StoreError as exc:
        return {}, (Finding(where=key, what=str(exc)),)


def _sharded(
    source: ChannelSource, subdir: Subdir, digests: Mapping[str, bytes]
) -> tuple[Records, tuple[Finding, ...]]:
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        shards = tuple(pool.map(lambda item: _shard(source, subdir, *item), digests.items()))
    records = {name: record for shard in shards if not isinstance(shard, Finding) for name, record in shard.items()}
    return records, tuple(shard for shard in shards if isinstance(shard, Finding))


def _shard(source: ChannelSource, subdir: Subdir, name: str, digest: bytes) -> Records | Finding:
    key = layout.shard_key(subdir, digest.hex())
    try:
        body = source.read(key, LARGEST_SHARD)
    except NotFoundError:
        return Finding(where=key, what=f"is missing, though the shard index names it for `{name}`")
    except TrustError as exc:
        return chain_finding(exc, key)
    if hashlib.sha256(body).digest() != digest:
        return Finding(where=key, what="is not what its name says: it was altered")
    try:
        shard = read_shard(body, key)
    except StoreError as exc:
        return Finding(where=key, what=str(exc))
    records: Records = {**shard["packages"], **shard["packages.conda"]}
    foreign = next((file for file, record in records.items() if record.get("name") != name), None)
    return records if foreign is None else Finding(where=key, what=f"is the shard of `{name}` and lists `{foreign}`")


def _shard_key(subdir: Subdir, digests: Mapping[str, bytes], name: str) -> str:
    return layout.shard_key(subdir, digests[name].hex()) if name in digests else ""
