"""What channel.yaml says, as values. A file that says only `channel: acme` is the channel on one laptop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Discriminator, Field

from ci_tools.config.account import InfrastructureConfig
from ci_tools.config.words import (
    Bucket,
    ChannelName,
    Distribution,
    Duration,
    Endpoint,
    Host,
    KeyUri,
    KeyValueStore,
    Line,
    Place,
    Port,
    Prefix,
    Region,
    RepositoryPath,
    Size,
    Url,
)
from ci_tools.core.dependents import Dependents
from ci_tools.core.package import Subdir, built_on

# What a code host calls its machines; any other subdir is built on a machine of one's own.
RUNNERS: Mapping[Subdir, str] = {
    Subdir.LINUX_64: "ubuntu-24.04",
    Subdir.LINUX_AARCH64: "ubuntu-24.04-arm",
    Subdir.OSX_64: "macos-15-intel",
    Subdir.OSX_ARM64: "macos-15",
    Subdir.WIN_64: "windows-2025",
}
OWN_RUNNER = "self-hosted"


class Backend(StrEnum):
    """Which program builds; `auto` goes by the recipe's dialect."""

    AUTO = "auto"
    RATTLER_BUILD = "rattler-build"
    CONDA_BUILD = "conda-build"
    BOA = "boa"


class Program(StrEnum):
    """A back end that is a program in an environment of its own."""

    CONDA_BUILD = "conda-build"
    BOA = "boa"


class Network(StrEnum):
    """What builds reach: everything, or nothing but this machine's loopback."""

    OPEN = "open"
    NONE = "none"


class What(StrEnum):
    """What a publish takes: whatever passed, or nothing unless everything did."""

    PASSED = "passed"
    ALL = "all"


class RuleLevel(StrEnum):
    """How grave what a rule of lint finds is; only an error fails the run."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipesConfig:
    """Where recipes are, who builds them, what they may depend on from outside."""

    path: Annotated[RepositoryPath, Field(description="the folder of the recipes")] = "recipes"
    backend: Annotated[Backend, Field(description="which program builds; auto goes by the recipe's dialect")] = (
        Backend.AUTO
    )
    variants: Annotated[RepositoryPath, Field(description="the values recipes are built for")] = "recipes/variants.yaml"
    upstream: Annotated[
        tuple[Line, ...], Field(description="further channels to resolve against, by name or URL, best first")
    ] = ()
    dependents: Annotated[Dependents, Field(description="what is done about packages that depend on a changed one")] = (
        Dependents.NONE
    )
    depth: Annotated[int, Field(ge=0, description="over how many requirements they count; 0: over any number")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfig:
    """Where a program that builds is installed."""

    prefix: Annotated[Place, Field(description="the conda environment that it is in")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpConfig:
    """How new versions are looked for, where a source's address does not say it."""

    most: Annotated[int, Field(ge=1, le=1000, description="recipes that get a new version in one run")] = 10
    index: Annotated[Url, Field(description="the index of Python packages whose JSON is asked")] = ""
    apis: Annotated[Mapping[Line, Url], Field(description="host: the API of the GitHub there")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildConfig:
    """The bounds of a build, and the machines of CI."""

    timeout: Annotated[Duration, Field(description="for one output, its tests included")] = timedelta(minutes=60)
    disk: Annotated[Size, Field(description="what one output may lay on the disk while it is built")] = 64 * 2**30
    network: Annotated[Network, Field(description="what builds reach; none: sources and channels are in folders")] = (
        Network.OPEN
    )
    runners: Annotated[Mapping[Subdir, Line], Field(description="subdir: the machine of CI that builds for it")] = (
        field(default_factory=dict)
    )

    backends: Annotated[
        Mapping[Program, BackendConfig],
        Field(description="conda-build, boa: where it is, if not on PATH"),
    ] = field(default_factory=dict)

    def runner(self, subdir: Subdir) -> str:
        """What CI calls the machine that builds for `subdir`."""
        return self.runners.get(subdir, RUNNERS.get(built_on(subdir), OWN_RUNNER))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStoreConfig:
    """The channel as a folder."""

    kind: Literal["local"] = "local"
    path: Annotated[Place, Field(description="the folder")] = ".channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3StoreConfig:
    """The channel in a bucket. Who may write is said by the environment (`AWS_PROFILE`, an OIDC role), never here."""

    kind: Literal["s3"]
    bucket: Bucket
    prefix: Annotated[Prefix | None, Field(description="the folder in the bucket; the channel's name if not said")] = (
        None
    )
    region: Region = ""
    endpoint: Annotated[Endpoint, Field(description="an S3 server other than AWS")] = ""


class Statement(StrEnum):
    """What can be attested of a package: how it was built (SLSA provenance v1), and its bill of materials."""

    PROVENANCE = "provenance"
    SPDX = "spdx"
    CYCLONEDX = "cyclonedx"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustConfig:
    """Where the keys are, never the keys: `file:` and a path, or `awskms:` and a key of AWS KMS."""

    root: Annotated[KeyUri, Field(description="signs who may sign; kept offline")] = "file:.keys/root.pem"
    online: Annotated[KeyUri, Field(description="signs each generation of the index")] = "file:.keys/online.pem"
    ca: Annotated[KeyUri, Field(description="certifies the publisher; kept offline")] = "file:.keys/ca.pem"
    publisher: Annotated[KeyUri, Field(description="attests packages")] = "file:.keys/publisher.pem"
    log: Annotated[KeyUri, Field(description="signs the attestations' log entries")] = "file:.keys/log.pem"
    sct: Annotated[KeyUri, Field(description="signs the certificates' log entries")] = "file:.keys/sct.pem"
    public: Annotated[Place, Field(description="the folder of what clients are given to trust")] = ".keys/public"
    attest: Annotated[
        tuple[Statement, ...], Field(description="what is attested of each package besides that it was published")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishConfig:
    """What a publish takes and does."""

    what: Annotated[What, Field(description="all: nothing unless everything was built")] = What.PASSED
    promote: Annotated[bool, Field(description="publish what the pull request built, without building again")] = False
    largest: Annotated[Size, Field(description="of a package at most, unpacked")] = 64 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewConfig:
    """The channel `pr/<n>` of each pull request; none without a key of its own."""

    key: Annotated[KeyUri | None, Field(description="signs previews, and nothing else; without it there are none")] = (
        None
    )
    keep: Annotated[Duration, Field(description="after the last push to a pull request")] = timedelta(days=14)
    largest: Annotated[Size, Field(description="of all packages of one preview, at most")] = 2 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEdgeConfig:
    """The edge on this machine: `channel serve`."""

    kind: Literal["local"] = "local"
    state: Annotated[Place, Field(description="the file that says who is let in")] = ".edge/state.json"
    host: Annotated[Host, Field(description="the address to listen on")] = "127.0.0.1"
    port: Port = 8400
    open: Annotated[bool, Field(description="answer without token or cookie, too: where all who reach it may read")] = (
        False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudFrontConfig:
    """The edge that CloudFront is."""

    kind: Literal["cloudfront"]
    distribution: Distribution
    key_group: Annotated[Line, Field(description="the id of the key group that signed cookies are checked with")]
    tokens: KeyValueStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessConfig:
    """How long what opens the channel lasts, and the file of who has it."""

    token: Annotated[Duration, Field(description="a new token's life")] = timedelta(days=90)
    cookie: Annotated[Duration, Field(description="a signed cookie's life at most")] = timedelta(hours=12)
    cookie_key: Annotated[Duration, Field(description="how long a key signs cookies")] = timedelta(days=90)
    overlap: Annotated[Duration, Field(description="how long old and new both open, in a rotation")] = timedelta(days=7)
    registry: Annotated[RepositoryPath, Field(description="who may read what until when")] = ".github/access.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFile:
    """What the file says. Paths are as written: below the folder of channel.yaml."""

    channel: Annotated[ChannelName, Field(description="the channel's name, and its path at the edge")]
    url: Annotated[Url, Field(description="where clients find it; ends in the channel's name")] = ""
    subdirs: Annotated[tuple[Subdir, ...], Field(description="what is built for; noarch is always indexed")] = (
        Subdir.NOARCH,
        Subdir.LINUX_64,
        Subdir.OSX_ARM64,
    )
    recipes: RecipesConfig = field(default_factory=RecipesConfig)
    lint: Annotated[Mapping[Line, RuleLevel], Field(description="rule: how grave it is here")] = field(
        default_factory=dict
    )
    bump: BumpConfig = field(default_factory=BumpConfig)
    build: BuildConfig = field(default_factory=BuildConfig)
    store: Annotated[LocalStoreConfig | S3StoreConfig, Discriminator("kind")] = field(default_factory=LocalStoreConfig)
    trust: TrustConfig = field(default_factory=TrustConfig)
    publish: PublishConfig = field(default_factory=PublishConfig)
    preview: PreviewConfig = field(default_factory=PreviewConfig)
    edge: Annotated[LocalEdgeConfig | CloudFrontConfig, Discriminator("kind")] = field(default_factory=LocalEdgeConfig)
    access: AccessConfig = field(default_factory=AccessConfig)
    infrastructure: InfrastructureConfig = field(default_factory=InfrastructureConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig(ChannelFile):
    """What the file says, and where it lies. `folder` is absolute: the top of the repository."""

    folder: Path

    def path(self, place: str) -> Path:
        """The absolute path of a place that the file names."""
        return self.folder / place

    @property
    def base_url(self) -> str:
        """`url`, or that of the edge on this machine; without a slash at its end."""
        if self.url or isinstance(self.edge, CloudFrontConfig):
            return self.url
        return f"http://{self.edge.host}:{self.edge.port}/{self.channel}"

    @property
    def host_name(self) -> str:
        """The host of `base_url`."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def indexed_subdirs(self) -> tuple[Subdir, ...]:
        """The subdirs with an index, sorted. CEP 26: noarch/repodata.json makes it a channel."""
        return tuple(sorted({Subdir.NOARCH, *self.subdirs}))
