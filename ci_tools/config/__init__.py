"""channel.yaml, read strictly: one screen, no secrets, every mistake at once."""

from ci_tools.config.reading import parse_config, read_config
from ci_tools.config.values import (
    AccessConfig,
    Backend,
    BackendConfig,
    BuildConfig,
    ChannelConfig,
    ChannelFile,
    CloudFrontConfig,
    LocalEdgeConfig,
    LocalStoreConfig,
    Network,
    PreviewConfig,
    Program,
    PublishConfig,
    RecipesConfig,
    S3StoreConfig,
    TrustConfig,
    What,
)

__all__ = [
    "AccessConfig",
    "Backend",
    "BackendConfig",
    "BuildConfig",
    "ChannelConfig",
    "ChannelFile",
    "CloudFrontConfig",
    "LocalEdgeConfig",
    "LocalStoreConfig",
    "Network",
    "PreviewConfig",
    "Program",
    "PublishConfig",
    "RecipesConfig",
    "S3StoreConfig",
    "TrustConfig",
    "What",
    "parse_config",
    "read_config",
]
