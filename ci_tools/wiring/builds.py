"""What renders and builds, and what builds take from and leave to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.errors import UsageError
from ci_tools.wiring.stores import kept_store, source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ci_tools.config import ChannelConfig
    from ci_tools.core.tokens import Token
    from ci_tools.flows.prefetch import Supply
    from ci_tools.ports import BuildBackend, Outbox, Pantry


def backends(config: ChannelConfig, env: Mapping[str, str]) -> tuple[BuildBackend, ...]:
    """The programs that build, the first that claims a recipe before the others."""
    from ci_tools.adapters.builders.rattler_build import RattlerBuild

    if config.recipes.backend in {"auto", "rattler-build"}:
        return (RattlerBuild(root=config.folder, env=env, variants=config.recipes.variants),)
    raise UsageError(
        f"this version does not build with `{config.recipes.backend}`", hint="say `recipes: {backend: auto}`"
    )


def outbox(folder: Path) -> Outbox:
    """Where build jobs leave what they made."""
    from ci_tools.adapters.outbox import FolderOutbox

    return FolderOutbox(root=folder)


def pantry(folder: Path) -> Pantry:
    """Where what builds need of the channel is kept for them."""
    from ci_tools.adapters.pantry import FolderPantry

    return FolderPantry(root=folder)


def supplies(config: ChannelConfig, token: Token | None) -> tuple[Callable[[], Supply], ...]:
    """The ways in which this process may read the channel, the best first; opening one may fail."""
    from ci_tools.adapters.sources.stored import StoredSource
    from ci_tools.core.tokens import with_token
    from ci_tools.flows.prefetch import Supply

    def own() -> Supply:
        store = kept_store(config)
        return Supply(source=StoredSource(store, config.base_url), store=store)

    return (own, lambda: Supply(source=source(with_token(config.base_url, token).reveal()))) if token else (own,)
