"""Channels and packages that are only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ci_tools.core.package import Artifact, Filename, Imprint, Subdir

Fetch = Callable[[int, int], bytes]  # the bytes [start, stop) of an object


class ChannelSource(Protocol):
    """Any conda channel to read from, by URL or folder; never written to."""

    @property
    def url(self) -> str:
        """Where it is, without a credential in it."""

    def read(self, key: str, limit: int) -> bytes:
        """The object, whole; NotFoundError on 404, TrustError where it is longer than `limit` bytes."""

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in chunks of bounded size."""


class PackageReader(Protocol):
    """What looks inside a package file; the only place that opens an archive nobody has vouched for."""

    def read(self, path: Path, subdir: Subdir) -> Artifact:
        """The artifact, checked: name against index.json, subdir, paths, sizes. PackageError says what is wrong."""

    def receive(self, chunks: Iterable[bytes], filename: Filename, subdir: Subdir) -> Artifact:
        """The same for a package that arrives in chunks; its file lives until the process ends."""

    def glance(self, fetch: Fetch, filename: Filename, subdir: Subdir, imprint: Imprint) -> Artifact:
        """What the package says of itself, where its bytes are known already: only its info part is fetched."""

    def discard(self, artifact: Artifact) -> None:
        """What was received is not needed any more."""


class Notebook(Protocol):
    """What a long run remembers, so that it can go on where it was killed. Safe for threads."""

    def recall(self, key: str, etag: str) -> bytes | None:
        """What was noted of the object as it was under `etag`; None where nothing was."""

    def note(self, key: str, etag: str, body: bytes) -> None:
        """Remember it, from now on and over the death of the process."""

    def close(self) -> None:
        """Forget everything: the run is through."""


class Indexer(Protocol):
    """Another program that makes an index of packages, which are mirrored for it."""

    def take(self, key: str, chunks: Iterable[bytes], sha256: str) -> None:
        """Mirror one package; TrustError where its bytes have another digest."""

    def index(self) -> Mapping[Subdir, bytes]:
        """Its repodata.json of what was taken, by subdir; StoreError where it failed."""

    def close(self) -> None:
        """Throw the mirror away."""
