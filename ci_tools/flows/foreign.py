"""Reading the index of any conda channel: repodata.json, compressed or not, or its shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_tools.core import layout
from ci_tools.core.repodata import IndexState
from ci_tools.core.shards import read_shard, read_shard_index, shard_base
from ci_tools.core.sheet import dumped
from ci_tools.errors import NotFoundError, StoreError, TrustError

if TYPE_CHECKING:
    from ci_tools.core.package import Subdir
    from ci_tools.ports import ChannelSource

LARGEST = 2 << 30  # bytes of an index document
LARGEST_SHARD = 64 << 20


def foreign_state(source: ChannelSource, subdir: Subdir) -> IndexState | None:
    """What `source` lists in the subdir, as far as it says; None where it has none. StoreError where it is broken."""
    for name in (layout.REPODATA_ZST, layout.REPODATA):
        try:
            body = source.read(f"{subdir}/{name}", LARGEST)
        except NotFoundError:
            continue
        return IndexState.parse(subdir, {name: body})
    return _sharded(source, subdir)


def _sharded(source: ChannelSource, subdir: Subdir) -> IndexState | None:
    key = f"{subdir}/{layout.SHARD_INDEX}"
    try:
        index = source.read(key, LARGEST)
    except NotFoundError:
        return None
    base = shard_base(index, key)
    sections: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for name, digest in read_shard_index(index, key).items():
        body = source.read(f"{subdir}/{base}{digest.hex()}.msgpack.zst", LARGEST_SHARD)
        if layout.sha256(body) != digest.hex():
            raise TrustError(f"the shard of `{name}` is not what its name says", hint="do not use this copy")
        shard = read_shard(body, f"the shard of `{name}`")
        for section, records in sections.items():
            records.update(shard.get(section, {}))
    return IndexState.parse(subdir, {layout.REPODATA: dumped(sections)})


def require_some(states: dict[Subdir, IndexState], url: str) -> None:
    """Refuse a place that is no channel."""
    if not states:
        raise StoreError(f"there is no channel at {url}", hint="name the folder above linux-64/ and noarch/")
