"""Where the channel is kept, and where any channel is read from."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.config import ChannelConfig
    from ci_tools.core.lock import LockedPackage
    from ci_tools.core.sbom import Component
    from ci_tools.core.tokens import Token
    from ci_tools.ports import ChannelSource, ObjectStore, PackageReader


def object_store(config: ChannelConfig, *, dry_run: bool) -> ObjectStore:
    """Where the channel is kept; in a dry run with an overlay that takes every write."""
    from ci_tools.adapters.stores.remembering import RememberingStore

    store = RememberingStore(kept_store(config))
    if dry_run:
        from ci_tools.adapters.stores.overlay import OverlayStore

        return OverlayStore(store)
    return store


REDIRECTS = 5  # as many as any server of packages needs


def source(where: str) -> ChannelSource:
    """A channel of ours to read from: a URL or a folder."""
    return _source(where, redirects=0)


def foreign_source(where: str) -> ChannelSource:
    """Any channel to read from: a URL, which may lead on to others, or a folder."""
    return _source(where, redirects=REDIRECTS)


def _source(where: str, redirects: int) -> ChannelSource:
    if where.startswith(("http://", "https://")):
        from ci_tools.adapters.sources.http import HttpSource

        return HttpSource(where, redirects=redirects)
    from ci_tools.adapters.sources.folder import FolderSource

    return FolderSource(Path(where))


def readable_stores(config: ChannelConfig, token: Token | None) -> tuple[Callable[[], ObjectStore], ...]:
    """The ways in which a process without the right to write may read the channel, the best first."""
    from ci_tools.config import LocalStoreConfig

    def through_the_edge() -> ObjectStore:
        from ci_tools.adapters.stores.read_only import ReadOnlyStore
        from ci_tools.core.tokens import with_token

        assert token is not None  # noqa: S101 (only then it is one of the ways)
        return ReadOnlyStore(source(with_token(config.base_url, token).reveal()))

    own = partial(kept_store, config)
    return (through_the_edge,) if token and not isinstance(config.store, LocalStoreConfig) else (own,)


def locked_packages(path: Path) -> tuple[LockedPackage, ...]:
    """The conda packages that a lock file pins."""
    from ci_tools.adapters import lockfiles

    return lockfiles.locked_packages(path)


def components(what: Path) -> tuple[Component, ...]:
    """The packages of an environment's folder, or of a lock file."""
    from ci_tools.adapters import installed

    return installed.installed(what) if what.is_dir() else installed.pinned(locked_packages(what))


def package_reader(config: ChannelConfig | None = None) -> PackageReader:
    """What looks into package files, within the bounds of `config`."""
    from ci_tools.adapters.archives import ArchiveReader
    from ci_tools.adapters.unpacking import Limits

    return ArchiveReader(limits=Limits(unpacked=config.publish.largest)) if config else ArchiveReader()


def kept_store(config: ChannelConfig) -> ObjectStore:
    """The store itself, also in a dry run: to be read only."""
    from ci_tools.config import LocalStoreConfig, S3StoreConfig

    match config.store:
        case LocalStoreConfig(path=path):
            from ci_tools.adapters.stores.local import LocalStore

            return LocalStore(config.path(path))
        case S3StoreConfig() as s3:
            from ci_tools.adapters.stores.s3 import S3Store

            prefix = config.channel if s3.prefix is None else s3.prefix
            return S3Store(bucket=s3.bucket, prefix=prefix, region=s3.region, endpoint=s3.endpoint)
        case _:
            assert_never(config.store)
