"""Upstream: the names of all packages that other channels hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from ci_tools.core import layout
from ci_tools.core.lint.rule import Upstream
from ci_tools.core.package import Subdir
from ci_tools.core.shards import read_shard_index
from ci_tools.core.zst import unpacked
from ci_tools.errors import NotFoundError, RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ci_tools.ports import ChannelSource

LARGEST = 1 << 29  # bytes of one document


def upstream(sources: Sequence[ChannelSource], subdirs: Iterable[Subdir]) -> Upstream:
    """Every name in the channels `sources`, for noarch and `subdirs`. RemoteError where one cannot be asked."""
    wanted = sorted({Subdir.NOARCH, *subdirs})
    names = frozenset(name for source in sources for subdir in wanted for name in _names(source, subdir))
    return Upstream(names=names, where=" and ".join(source.url for source in sources), is_all=True)


def _names(source: ChannelSource, subdir: Subdir) -> Iterable[str]:
    """The smallest document that has them all decides (CEP 16: the index of shards). A subdir may not be there."""
    for file, read in READERS.items():
        key = f"{subdir}/{file}"
        try:
            body = source.read(key, LARGEST)
        except NotFoundError:
            continue
        return read(body, f"{source.url}/{key}")
    if subdir is Subdir.NOARCH:
        raise RemoteError(f"{source.url} is no channel: it has no noarch/repodata.json", hint="look at the address")
    return ()


def _of_shards(body: bytes, what: str) -> Iterable[str]:
    return read_shard_index(body, what).keys()


def _of_compressed(body: bytes, what: str) -> Iterable[str]:
    return _of_repodata(unpacked(body, what), what)


def _of_repodata(body: bytes, what: str) -> Iterable[str]:
    try:
        said = orjson.loads(body)
        return {file.rsplit("-", 2)[0] for section in ("packages", "packages.conda") for file in said.get(section, ())}
    except (ValueError, AttributeError, TypeError) as exc:
        raise RemoteError(f"{what} is not repodata", hint="try again later", detail=str(exc)) from exc


READERS: dict[str, Callable[[bytes, str], Iterable[str]]] = {
    layout.SHARD_INDEX: _of_shards,
    layout.REPODATA_ZST: _of_compressed,
    layout.REPODATA: _of_repodata,
}
