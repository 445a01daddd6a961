"""The channel `pr/<n>` of a pull request: the same channel.yaml with another name, another place, and one key."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, assert_never

from ci_tools.errors import UsageError
from ci_tools.wiring.hosts import forge
from ci_tools.wiring.stores import kept_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ci_tools.config import ChannelConfig
    from ci_tools.flows.collect import Fetcher
    from ci_tools.ports import ObjectStore

PREVIEWS = "pr"  # the first segment of every preview's name, and the prefix its role may write below
TRUST = "trust/"  # below a preview: what was made with its key, so that the next push finds it


def fetcher(config: ChannelConfig, env: Mapping[str, str], scratch: Path) -> Fetcher:
    """How artifacts of other runs come here."""
    from ci_tools.adapters.artifact_zip import unpacked
    from ci_tools.flows.collect import Fetcher

    return Fetcher(forge=forge(env), scratch=scratch, unpack=unpacked, largest=config.publish.largest)


def previews_store(config: ChannelConfig) -> ObjectStore:
    """Where all previews are: keys begin with the pull request's number."""
    return kept_store(_placed(config, PREVIEWS))


@contextmanager
def preview_config(
    config: ChannelConfig, number: int, env: Mapping[str, str], now: datetime
) -> Iterator[ChannelConfig]:
    """The configuration of `pr/<number>`; what its key has signed is made at first and found again after that."""
    if config.preview.key is None:
        raise UsageError("there are no previews", hint="say `preview: {key: …}` in channel.yaml, with a key of its own")
    named = _placed(config, f"{PREVIEWS}/{number}")
    url = f"{config.base_url.removesuffix(config.channel)}{named.channel}"
    with TemporaryDirectory(prefix="channel-preview-") as folder:
        key = config.preview.key
        trust = replace(
            config.trust, root=key, online=key, ca=key, publisher=key, log=key, sct=key, public=str(Path(folder))
        )
        found = replace(named, url=url, trust=trust)
        _made(found, env, now)
        yield found


def _placed(config: ChannelConfig, name: str) -> ChannelConfig:
    from ci_tools.config import LocalStoreConfig, S3StoreConfig

    match config.store:
        case LocalStoreConfig(path=path):
            return replace(
                config, channel=name, store=LocalStoreConfig(path=str(Path(path).parent / ".previews" / name))
            )
        case S3StoreConfig() as s3:
            return replace(config, channel=name, store=replace(s3, prefix=name))
        case _:
            assert_never(config.store)


def _made(config: ChannelConfig, env: Mapping[str, str], now: datetime) -> None:
    """The public documents of the preview's key: those in its store, and there where there were none."""
    from ci_tools.core.generation import Lifetimes
    from ci_tools.core.keyset import PublicName
    from ci_tools.core.layout import Freshness
    from ci_tools.errors import NotFoundError
    from ci_tools.flows.keys import keys
    from ci_tools.ports import ABSENT
    from ci_tools.wiring.keys import keystore

    store, local = kept_store(config), keystore(config, env)
    for name in PublicName:
        try:
            local.publish(name, store.get(f"{TRUST}{name}").body)
        except NotFoundError:
            continue
    keys(local, config.base_url, now, Lifetimes(root=10 * config.preview.keep))
    for name in PublicName:
        body = local.published(name) or b""
        store.put(f"{TRUST}{name}", body, Freshness.POINTER, if_match=ABSENT)
