"""What a conda package is called and what repodata says of it (CEP 26, 34, 36)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ci_tools.errors import PackageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# CEP 26: names are lower case; version literals; build strings of at most 64 characters.
NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]*")
VERSION = re.compile(r"[A-Za-z0-9_.!+]+")
BUILD = re.compile(r"[A-Za-z0-9_.+]+")
LONGEST_FILENAME = 211  # CEP 26: the distribution string with its extension


class Subdir(StrEnum):
    """Where a package can be installed (CEP 26); `noarch` is everywhere."""

    NOARCH = "noarch"
    EMSCRIPTEN_WASM32 = "emscripten-wasm32"
    FREEBSD_64 = "freebsd-64"
    LINUX_32 = "linux-32"
    LINUX_64 = "linux-64"
    LINUX_AARCH64 = "linux-aarch64"
    LINUX_ARMV6L = "linux-armv6l"
    LINUX_ARMV7L = "linux-armv7l"
    LINUX_PPC64 = "linux-ppc64"
    LINUX_PPC64LE = "linux-ppc64le"
    LINUX_RISCV32 = "linux-riscv32"
    LINUX_RISCV64 = "linux-riscv64"
    LINUX_S390X = "linux-s390x"
    OSX_64 = "osx-64"
    OSX_ARM64 = "osx-arm64"
    WASI_WASM32 = "wasi-wasm32"
    WIN_32 = "win-32"
    WIN_64 = "win-64"
    WIN_ARM64 = "win-arm64"
    ZOS_Z = "zos-z"


# Nobody builds on these: what runs there is made on another machine, whose packages its tools are.
BUILT_ON = {Subdir.EMSCRIPTEN_WASM32: Subdir.LINUX_64, Subdir.WASI_WASM32: Subdir.LINUX_64}


def built_on(subdir: Subdir) -> Subdir:
    """The subdir of the packages that a build for `subdir` runs itself."""
    return BUILT_ON.get(subdir, subdir)


class ArchiveFormat(StrEnum):
    """The two package formats; the value is the extension."""

    CONDA = ".conda"
    TAR_BZ2 = ".tar.bz2"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Dist:
    """The distribution string `name-version-build`, taken apart (CEP 26)."""

    name: str
    version: str
    build: str

    def __post_init__(self) -> None:
        for pattern, part, what in (
            (NAME, self.name, "name"), (VERSION, self.version, "version"), (BUILD, self.build, "build string"),
        ):  # fmt: skip
            if not pattern.fullmatch(part):
                raise PackageError(f"`{part}` is not a package {what}", hint="CEP 26 says which characters are allowed")

    def __str__(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `text`; raises PackageError where there are not three valid ones."""
        parts = text.rsplit("-", 2)
        if len(parts) != 3:  # noqa: PLR2004 (name, version, build)
            raise PackageError(f"`{text}` is not name-version-build")
        return cls(name=parts[0], version=parts[1], build=parts[2])


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Filename:
    """A package's file name: its distribution string and its format. A promise: same name, same bytes."""

    dist: Dist
    format: ArchiveFormat = ArchiveFormat.CONDA

    def __str__(self) -> str:
        return f"{self.dist}{self.format.value}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        """In documents a file name is a string (a hook that pydantic looks for; nothing of it is imported before)."""
        from pydantic_core import PydanticCustomError, core_schema  # noqa: PLC0415

        def read(value: object) -> Filename:
            try:
                return value if isinstance(value, cls) else cls.parse(str(value))
            except PackageError as exc:
                raise PydanticCustomError("filename", "{why}", {"why": str(exc)}) from exc

        return core_schema.no_info_plain_validator_function(read, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `text`; raises PackageError where it is no package's file name or has a path in it."""
        for archive_format in ArchiveFormat:
            if text.endswith(archive_format.value) and len(text) <= LONGEST_FILENAME:
                return cls(dist=Dist.parse(text.removesuffix(archive_format.value)), format=archive_format)
        raise PackageError(f"`{text}` is not a package's file name", hint="it ends in .conda or .tar.bz2")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecord:
    """What repodata says of one artifact (CEP 34, 36): its index.json, its digests and its size.

    `timestamp` is milliseconds since the epoch. Absent optional fields are None and are not written.
    `attestations_sha256` is the lower-hex digest of the sidecar (CEP 50).
    """

    name: str
    version: str
    build: str
    build_number: int
    subdir: Subdir
    size: int
    md5: str
    sha256: str
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    arch: str | None = None
    platform: str | None = None
    noarch: str | None = None
    license: str | None = None
    license_family: str | None = None
    features: str | None = None
    track_features: str | None = None
    python_site_packages_path: str | None = None
    purls: tuple[str, ...] | None = None
    timestamp: int | None = None
    attestations_sha256: str | None = None

    @property
    def dist(self) -> Dist:
        """The distribution string."""
        return Dist(name=self.name, version=self.version, build=self.build)

    def to_json(self) -> dict[str, Any]:
        """The record as repodata carries it: keys sorted, absent fields left out; `depends` is always there."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        shown = {k: list(v) if isinstance(v, tuple) else v for k, v in pairs if v is not None}
        if not self.constrains:
            del shown["constrains"]
        return dict(sorted(shown.items()))

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """A record read back; fields that this project does not know are refused by the caller, not here."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items() if k in known}
        values["subdir"] = Subdir(record["subdir"])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunExports:
    """What a package asks of those that build against it (CEP 12)."""

    weak: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    noarch: tuple[str, ...] = ()
    weak_constrains: tuple[str, ...] = ()
    strong_constrains: tuple[str, ...] = ()

    def to_json(self) -> dict[str, list[str]]:
        """Only the kinds that say something."""
        return {f.name: list(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What is known of a package's bytes: how many, and their digests in lower hex."""

    size: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What channeldata.json tells of a package: its about.json, and the traits that CEP 38 names (`activate.d`, …)."""

    summary: str = ""
    description: str = ""
    license: str = ""
    home: str = ""
    dev_url: str = ""
    doc_url: str = ""
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A built package on this machine, read and checked."""

    filename: Filename
    path: Path
    record: PackageRecord
    run_exports: RunExports = field(default_factory=RunExports)
    about: About = field(default_factory=About)

    @property
    def subdir(self) -> Subdir:
        """The subdir it belongs to."""
        return self.record.subdir
