"""What the rotation of tokens and cookie keys works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ci_tools.config import ChannelConfig
    from ci_tools.core.cookie_signing import CookieKeyType
    from ci_tools.flows.rotate_cookies import Locksmith
    from ci_tools.flows.rotate_tokens import Desk
    from ci_tools.flows.sync import Watch
    from ci_tools.ports.rotation import CookieKeys, Doorbell, Vault


def vault(config: ChannelConfig) -> Vault:
    """Where secrets are kept: AWS Secrets Manager, or a folder beside the state of the local edge."""
    from ci_tools.config import CloudFrontConfig, LocalEdgeConfig

    match config.edge:
        case LocalEdgeConfig(state=state):
            from ci_tools.adapters.vaults.folder import FolderVault

            return FolderVault(root=config.path(state).parent / "secrets")
        case CloudFrontConfig():
            from ci_tools.adapters.vaults.secrets_manager import SecretsManager

            return SecretsManager(prefix=config.infrastructure.secrets, region=config.infrastructure.region)
        case _:
            assert_never(config.edge)


def doorbell(config: ChannelConfig, clock: Callable[[], datetime]) -> Doorbell:
    """The edge as a client sees it."""
    from ci_tools.adapters.edges.doorbell import HttpDoorbell, LocalDoorbell
    from ci_tools.config import LocalEdgeConfig

    if isinstance(config.edge, LocalEdgeConfig):
        return LocalDoorbell(state=config.path(config.edge.state), url=config.base_url, clock=clock)
    return HttpDoorbell(url=config.base_url)


def watch(config: ChannelConfig, clock: Callable[[], datetime]) -> Watch:
    """How a sync sees that the edge does as it was told."""
    import secrets
    import time

    from ci_tools.flows.sync import Watch

    return Watch(doorbell=doorbell(config, clock), pause=time.sleep, random_bytes=secrets.token_bytes)


def desk(config: ChannelConfig, env: Mapping[str, str], clock: Callable[[], datetime]) -> Desk:
    """What a rotation works with; `GITHUB_TOKEN` is an App's that may write the secrets of consumers' repositories."""
    import secrets
    import time

    from ci_tools.adapters.token_deliveries import TokenDeliveries
    from ci_tools.flows.rotate_tokens import Desk
    from ci_tools.wiring.edges import edge
    from ci_tools.wiring.hosts import forge

    kept = vault(config)
    return Desk(
        edge=edge(config, dry_run=False),
        vault=kept,
        doorbell=doorbell(config, clock),
        deliveries=TokenDeliveries(forge=lambda: forge(env), vault=kept),
        random_bytes=secrets.token_bytes,
        pause=time.sleep,
    )


def locksmith(config: ChannelConfig, kind: CookieKeyType) -> Locksmith:
    """What the rotation of cookie keys works with beside."""
    from ci_tools.core.cookie_signing import new_cookie_key
    from ci_tools.flows.rotate_cookies import Locksmith

    return Locksmith(keys=_cookie_keys(config), new_key=lambda: new_cookie_key(kind), url=config.base_url)


def _cookie_keys(config: ChannelConfig) -> CookieKeys:
    from ci_tools.config import CloudFrontConfig, LocalEdgeConfig

    match config.edge:
        case LocalEdgeConfig(state=state):
            from ci_tools.adapters.edges.local import LocalEdge
            from ci_tools.adapters.edges.local_keys import LocalKeys

            return LocalKeys(edge=LocalEdge(path=config.path(state)))
        case CloudFrontConfig(key_group=group):
            from ci_tools.adapters.edges.cloudfront_keys import CloudFrontKeys

            return CloudFrontKeys(group=group)
        case _:
            assert_never(config.edge)
