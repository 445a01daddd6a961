"""Which adapter stands behind each port: the only module that names them. A dry run gets others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ci_tools.adapters.edges.application import EdgeApplication
    from ci_tools.config import ChannelConfig, LocalEdgeConfig
    from ci_tools.core.keyset import KeyName
    from ci_tools.core.package import Subdir
    from ci_tools.core.receipt import Cause
    from ci_tools.core.secret import Secret
    from ci_tools.core.tokens import Token
    from ci_tools.flows.prefetch import Supply
    from ci_tools.flows.publish import Press
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import (
        BuildBackend,
        ChannelSource,
        CodeHost,
        Edge,
        GrantRegistry,
        Keystore,
        ObjectStore,
        Outbox,
        PackageReader,
        Pantry,
        Repository,
        Signer,
    )

PASSPHRASE = "CHANNEL_KEY_PASSPHRASE"  # noqa: S105 (the name of a variable)


def host(env: Mapping[str, str], verbosity: int = 0) -> CodeHost:
    """Who is told how it goes, on stderr."""
    if env.get("GITHUB_ACTIONS") == "true":
        from ci_tools.adapters.hosts.github import GitHub

        return GitHub(sys.stderr, env, verbosity=verbosity)
    from ci_tools.adapters.hosts.terminal import Terminal

    return Terminal(sys.stderr, env, verbosity=verbosity)


def object_store(config: ChannelConfig, *, dry_run: bool) -> ObjectStore:
    """Where the channel is kept; in a dry run with an overlay that takes every write."""
    store = _object_store(config)
    if dry_run:
        from ci_tools.adapters.stores.overlay import OverlayStore

        return OverlayStore(store)
    return store


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


def keystore(config: ChannelConfig, env: Mapping[str, str]) -> Keystore:
    """The channel's keys, private and public."""
    from ci_tools.adapters.keystore import KeyFiles
    from ci_tools.core.keyset import KeyName

    uris = {name: str(getattr(config.trust, name.value)) for name in KeyName}
    return KeyFiles(uris, Path(config.trust.public), base=config.folder, passphrase=_passphrase(env))


def signer(config: ChannelConfig, uri: str, env: Mapping[str, str]) -> Signer:
    """The key that `uri` names, one of `config.trust`."""
    if uri.startswith("file:"):
        from ci_tools.adapters.signers.local_key import local_key

        return local_key(uri, config.folder, _passphrase(env))
    raise UsageError(f"this version cannot sign with `{uri}`", hint="name a key file: `file:PATH`")


def backends(config: ChannelConfig, env: Mapping[str, str]) -> tuple[BuildBackend, ...]:
    """The programs that build, the first that claims a recipe before the others."""
    from ci_tools.adapters.builders.rattler_build import RattlerBuild

    if config.recipes.backend in {"auto", "rattler-build"}:
        return (RattlerBuild(root=config.folder, env=env, variants=config.recipes.variants),)
    raise UsageError(
        f"this version does not build with `{config.recipes.backend}`", hint="say `recipes: {backend: auto}`"
    )


def machine() -> Subdir:
    """The subdir of this machine."""
    from ci_tools.adapters import machine as this

    return this.subdir()


def repository(folder: Path, env: Mapping[str, str]) -> Repository:
    """The git repository around `folder`."""
    from ci_tools.adapters.git import GitRepository

    return GitRepository(folder, env)


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
        store = _object_store(config)
        return Supply(source=StoredSource(store, config.base_url), store=store)

    return (own, lambda: Supply(source=source(with_token(config.base_url, token).reveal()))) if token else (own,)


def package_reader(config: ChannelConfig | None = None) -> PackageReader:
    """What looks into package files, within the bounds of `config`."""
    from ci_tools.adapters.archives import ArchiveReader
    from ci_tools.adapters.unpacking import Limits

    return ArchiveReader(limits=Limits(unpacked=config.publish.largest)) if config else ArchiveReader()


def source(where: str) -> ChannelSource:
    """Any channel to read from: a URL or a folder."""
    if where.startswith(("http://", "https://")):
        from ci_tools.adapters.sources.http import HttpSource

        return HttpSource(where)
    from ci_tools.adapters.sources.folder import FolderSource

    return FolderSource(Path(where))


def setting(config: ChannelConfig, env: Mapping[str, str], cause: Cause, now: datetime, *, dry_run: bool) -> Setting:
    """What one run that writes the channel is: its store, its notary, its cause."""
    from ci_tools.adapters.patience import pause
    from ci_tools.core.keyset import KeyName, trust_material
    from ci_tools.flows.transaction import Notary, Setting

    material = trust_material(keystore(config, env).published)
    return Setting(
        store=object_store(config, dry_run=dry_run),
        notary=Notary(root=material.root, online=_key(config, env, KeyName.ONLINE)),
        cause=cause,
        now=now,
        pause=pause,
    )


def press(config: ChannelConfig, env: Mapping[str, str], setting: Setting, host: CodeHost, *, dry_run: bool) -> Press:
    """What a publish works with besides its setting."""
    from time import monotonic

    from ci_tools.adapters.sources.stored import StoredSource
    from ci_tools.core.attestation import Publisher
    from ci_tools.core.attester import ChannelAttester
    from ci_tools.core.keyset import KeyName, trust_material
    from ci_tools.core.sidecar import Attestations
    from ci_tools.flows.publish import Press, What

    material = trust_material(keystore(config, env).published)
    url, started = config.base_url, monotonic()
    publisher = Publisher(
        key=_key(config, env, KeyName.PUBLISHER),
        certificate=material.certificate,
        log=_key(config, env, KeyName.LOG),
        channel=url,
    )
    return Press(
        subdirs=config.indexed_subdirs,
        what=What(config.publish.what),
        attester=ChannelAttester(publisher, material.trusted_root, setting.now),
        attestations=Attestations(material.trusted_root, url),
        source=StoredSource(setting.store, url),
        reader=package_reader(config),
        edge=edge(config, dry_run=dry_run),
        host=host,
        elapsed=lambda: monotonic() - started,
    )


def cause(commit: str, env: Mapping[str, str], what: str = "publish") -> Cause:
    """Who wants a new generation, and why: the run of a code host, or a person at a machine."""
    from ci_tools.adapters import machine as this
    from ci_tools.core.receipt import Cause

    place = f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs"
    run = f"{place}/{env['GITHUB_RUN_ID']}" if env.get("GITHUB_RUN_ID") else ""
    return Cause(commit=commit, run=run, who=env.get("GITHUB_ACTOR") or this.person(), what=what)


def local_edge_config(config: ChannelConfig) -> LocalEdgeConfig:
    """How this machine serves the channel, whatever its edge is."""
    from ci_tools.config import LocalEdgeConfig

    return config.edge if isinstance(config.edge, LocalEdgeConfig) else LocalEdgeConfig()


def edge_application(
    config: ChannelConfig, *, clock: Callable[[], datetime], log: Callable[[str], None], is_open: bool
) -> EdgeApplication:
    """What `channel serve` serves: the channel's store behind the local edge."""
    from ci_tools.adapters.edges.application import EdgeApplication, EdgeSettings

    settings = EdgeSettings(
        stores={config.channel: object_store(config, dry_run=False)},
        state=config.path(local_edge_config(config).state),
        clock=clock,
        log=log,
        is_open=is_open,
    )
    return EdgeApplication(settings)


def _object_store(config: ChannelConfig) -> ObjectStore:
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


def _edge(config: ChannelConfig) -> Edge:
    from ci_tools.config import CloudFrontConfig, LocalEdgeConfig

    match config.edge:
        case LocalEdgeConfig(state=state):
            from ci_tools.adapters.edges.local import LocalEdge

            return LocalEdge(path=config.path(state))
        case CloudFrontConfig():
            raise UsageError("this version knows no CloudFront edge", hint="say `edge: {kind: local}`")
        case _:
            assert_never(config.edge)


def _key(config: ChannelConfig, env: Mapping[str, str], name: KeyName) -> Signer:
    """A key that must be there."""
    return signer(config, str(getattr(config.trust, name.value)), env)


def _passphrase(env: Mapping[str, str]) -> Secret | None:
    from ci_tools.core.secret import Secret

    return Secret(env[PASSPHRASE]) if env.get(PASSPHRASE) else None
