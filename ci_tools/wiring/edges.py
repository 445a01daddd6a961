"""What lets clients in, and who may read what."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from ci_tools.wiring.previews import PREVIEWS, previews_store
from ci_tools.wiring.stores import object_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ci_tools.adapters.edges.application import EdgeApplication
    from ci_tools.config import ChannelConfig, LocalEdgeConfig
    from ci_tools.ports import Edge, GrantRegistry


def edge(config: ChannelConfig, *, dry_run: bool) -> Edge:
    """What lets clients in; in a dry run a memory that begins as the edge is."""
    found = _edge(config)
    if dry_run:
        from ci_tools.adapters.edges.memory import MemoryEdge

        remembered = MemoryEdge()
        remembered.admit(found.admitted())
        return remembered
    return found


def grant_registry(config: ChannelConfig, *, dry_run: bool) -> GrantRegistry:
    """Who may read what until when; in a dry run a memory that begins as the file is."""
    from ci_tools.adapters.registry import RegistryFile

    found = RegistryFile(path=config.path(config.access.registry), shown=config.access.registry)
    if dry_run:
        from ci_tools.adapters.remembered_registry import RememberedRegistry

        return RememberedRegistry(found.grants())
    return found


def local_edge_config(config: ChannelConfig) -> LocalEdgeConfig:
    """How this machine serves the channel, whatever its edge is."""
    from ci_tools.config import LocalEdgeConfig

    return config.edge if isinstance(config.edge, LocalEdgeConfig) else LocalEdgeConfig()


def edge_application(
    config: ChannelConfig, *, clock: Callable[[], datetime], log: Callable[[str], None], is_open: bool
) -> EdgeApplication:
    """What `channel serve` serves: the channel's store behind the local edge, and those of its previews."""
    from ci_tools.adapters.edges.application import EdgeApplication, EdgeSettings

    stores = {config.channel: object_store(config, dry_run=False)}
    if config.preview.key is not None:
        stores[PREVIEWS] = previews_store(config)
    settings = EdgeSettings(
        stores=stores,
        state=config.path(local_edge_config(config).state),
        clock=clock,
        log=log,
        is_open=is_open,
    )
    return EdgeApplication(settings)


def _edge(config: ChannelConfig) -> Edge:
    from ci_tools.config import CloudFrontConfig, LocalEdgeConfig

    match config.edge:
        case LocalEdgeConfig(state=state):
            from ci_tools.adapters.edges.local import LocalEdge

            return LocalEdge(path=config.path(state))
        case CloudFrontConfig(distribution=distribution, tokens=tokens):
            from ci_tools.adapters.edges.cloudfront import CloudFrontEdge

            return CloudFrontEdge(distribution=distribution, store=tokens, prefix=config.channel)
        case _:
            assert_never(config.edge)
