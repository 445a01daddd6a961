"""What the flows ask of the world. The docstring is the contract; tests/contract holds every adapter to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from ci_tools.core.access import Grant
    from ci_tools.core.changes import ChangeSet
    from ci_tools.core.keyset import KeyName, PublicName
    from ci_tools.core.layout import Freshness
    from ci_tools.core.package import Artifact, Filename, Subdir
    from ci_tools.core.plan import BuildPlan, BuildReport, Built, Failed, Job, PlannedOutput
    from ci_tools.core.recipe import Output, Recipe
    from ci_tools.core.secret import Secret

Etag = NewType("Etag", str)


class Absent:
    """The condition "there is no such object yet"."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a store knows of an object without its bytes. `metadata` keys are lower case."""

    key: str
    etag: Etag
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object's bytes with the etag they were read under."""

    body: bytes
    head: Head


class ObjectStore(Protocol):
    """Where a channel is kept. Keys are relative to the configured prefix and pass `layout.checked_key` both ways.

    Every method raises NotFoundError only where the store itself said 404, ConflictError where a condition was
    refused *and* the object holds other bytes, StoreError where it refused, RemoteError where it could not be reached.
    A refused condition is read back: equal bytes and equal metadata mean that our own write had already arrived.
    """

    def get(self, key: str) -> Stored:
        """The object, whole: for documents, not for packages."""

    def head(self, key: str) -> Head:
        """What is known of the object, without its bytes."""

    def stream(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes [start, stop) in chunks of bounded size."""

    def put(
        self, key: str, body: bytes | Path, freshness: Freshness, *,
        if_match: Etag | Absent | None = None, metadata: Mapping[str, str] | None = None,
    ) -> Etag:  # fmt: skip
        """Write the object whole or not at all; a Path is streamed. The condition holds at the moment of the write.

        The server is given, or is asked for, a checksum of the bytes. Content type and Cache-Control follow from
        the key and `freshness`. Returns the new etag.
        """

    def list(self, prefix: str) -> Iterator[Head]:
        """Every object whose key starts with `prefix`, in byte order of the keys; metadata may be empty."""

    def delete(self, key: str) -> None:
        """Remove the object; it is no error where there is none."""


class Signer(Protocol):
    """A private ECDSA P-256 key that never leaves its place. Chosen by URI: `file:`, `awskms:`."""

    @property
    def public_key_pem(self) -> bytes:
        """The public half, SubjectPublicKeyInfo in PEM."""

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over the SHA-256 of `payload`, ASN.1 DER. Raises TrustError where the key refuses."""


class Edge(Protocol):
    """What lets clients in and holds copies for them. Every method is idempotent."""

    def admit(self, grants: Iterable[Grant]) -> None:
        """Let these in from now on, replacing what the edge holds of the same ids."""

    def refuse(self, ids: Iterable[str]) -> None:
        """Let these in no longer; unknown ids are fine."""

    def admitted(self) -> tuple[Grant, ...]:
        """The grants that the edge holds, by id; name and owner are empty, for the edge does not know them."""

    def invalidate(self, keys: Iterable[str]) -> None:
        """Forget the cached copies of these keys of the channel."""


class GrantRegistry(Protocol):
    """The grants as reviewed git state, `.github/access.yaml`. A change keeps comments and order of the rest."""

    def grants(self) -> tuple[Grant, ...]:
        """Every grant, in the file's order; none where there is no file. UsageError lists every mistake."""

    def add(self, grant: Grant) -> None:
        """Write `grant` at the end; UsageError where its id or name is there already."""

    def remove(self, grant_id: str) -> None:
        """Take the entry out; it is no error where there is none."""


class BuildBackend(Protocol):
    """A program that renders and builds recipes of one dialect."""

    @property
    def version(self) -> str:
        """Name and version, as recorded beside a package."""

    def claims(self, recipe: Recipe) -> bool:
        """Whether this back end builds that dialect."""

    def render(self, recipe: Recipe, subdir: Subdir) -> tuple[Output, ...]:
        """The outputs for a build on `subdir`, in the recipe's order; raises RecipeError with file and line."""

    def build(self, output: PlannedOutput, subdir: Subdir, workspace: Workspace) -> Built | Failed:
        """Build and test one output on a machine of `subdir`; only what passed is Built. A bad recipe is Failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where one job works: absolute paths on this machine, and the bounds it keeps.

    `collected` is a channel in a folder that grows with each Built package; `channels` are the further ones to
    resolve against, as URLs, in order of priority.
    """

    repository: Path
    scratch: Path
    collected: Path
    channels: tuple[str, ...]
    timeout: float  # seconds for one output, its tests included


class Outbox(Protocol):
    """What build jobs hand over: a folder for each, with its packages by subdir, logs, and build.json."""

    def begin(self, plan: BuildPlan) -> None:
        """Make it the outbox of this plan: what jobs of another plan left is removed, for nobody asked for it."""

    def kept(self, job: Job) -> tuple[Built, ...]:
        """What an earlier run left of the job, intact and built from the planned inputs; other packages are removed."""

    def save(self, report: BuildReport) -> None:
        """Write the job's build.json whole; called after every outcome, so that an interrupted run is taken up."""


class Pantry(Protocol):
    """A channel in a folder on this machine that builds resolve against, filled before they start."""

    @property
    def url(self) -> str:
        """Where it is: a `file:` URL."""

    def has(self, key: str, sha256: str) -> bool:
        """Whether a package with exactly these bytes is there."""

    def take(self, key: str, chunks: Iterable[bytes], sha256: str) -> None:
        """Keep a package, whole or not at all; TrustError where its bytes have another digest."""

    def settle(self, documents: Mapping[str, bytes], packages: Iterable[str]) -> None:
        """Write the index documents, and remove every other file that is not one of these packages."""


class ChannelSource(Protocol):
    """Any conda channel to read from, by URL or folder; never written to."""

    @property
    def url(self) -> str:
        """Where it is, without a credential in it."""

    def read(self, key: str, limit: int) -> bytes:
        """The object, whole; NotFoundError on 404, TrustError where it is longer than `limit` bytes."""

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in chunks of bounded size."""


class CodeHost(Protocol):
    """Who is told how it goes: a terminal, or a run on a code host. Narration only; data goes to stdout."""

    def say(self, text: str) -> None:
        """One line of narration."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """What is said inside belongs together."""

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None:
        """Put `message` beside a line of a file; `level` is notice, warning or error."""

    def summarise(self, markdown: str) -> None:
        """Add to the run's summary."""

    def output(self, name: str, value: str) -> None:
        """Hand a value to the steps that come after."""

    def mask(self, secret: Secret) -> None:
        """Never show this text, whoever prints it."""

    def progress(self, title: str, total: int, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """A bar of `total` units (`B` for bytes, else a noun); call the value with how many more are done."""


class PackageReader(Protocol):
    """What looks inside a package file; the only place that opens an archive nobody has vouched for."""

    def read(self, path: Path, subdir: Subdir) -> Artifact:
        """The artifact, checked: name against index.json, subdir, paths, sizes. PackageError says what is wrong."""

    def receive(self, chunks: Iterable[bytes], filename: Filename, subdir: Subdir) -> Artifact:
        """The same for a package that arrives in chunks; its file lives until the process ends."""


class Repository(Protocol):
    """The git repository of the recipes. One implementation, real git; a protocol only so that flows see no process."""

    @property
    def root(self) -> Path:
        """The top of the working tree, absolute."""

    def commit(self, ref: str) -> str:
        """The full id of the commit that `ref` names, empty where it names none (HEAD before the first commit).

        UsageError in a shallow clone, which may merely lack it.
        """

    def changes(self, base: str, head: str = "HEAD") -> ChangeSet:
        """What `base..head` changed; an empty base means everything that is there. UsageError names a way out.

        Where `head` is checked out, what is not committed yet is part of it, untracked files included.
        """

    def merge_base(self, base: str, head: str = "HEAD") -> str:
        """The commit where both lines parted, empty where they have none in common.

        UsageError where a shallow clone hides it, with the command that mends that.
        """

    def files(self, directory: str = "") -> Mapping[str, str]:
        """Path -> `mode:blob id` of the content in the working tree, tracked or not, ignored ones left out.

        Modes are git's: 100644, 100755 (executable), 120000 (symbolic link), 160000 (submodule, with its commit).
        A path is POSIX, relative to the root; bytes of it that are not UTF-8 are surrogates (PEP 383).
        """

    def links(self) -> Mapping[str, str]:
        """Path -> target as written, of every symbolic link in the working tree."""

    def read(self, path: str) -> bytes:
        """The content of a file of the working tree."""


class Keystore(Protocol):
    """A channel's keys, and what is published of them, in one place. Nothing in it is ever replaced."""

    def signer(self, name: KeyName) -> Signer | None:
        """The key; None where there is none. TrustError where it is there and cannot be used."""

    def create(self, name: KeyName) -> Signer:
        """A new key, kept from now on, whole or not at all; TrustError where there is one already."""

    def published(self, name: PublicName) -> bytes | None:
        """The public document; None where there is none yet."""

    def publish(self, name: PublicName, body: bytes) -> None:
        """Keep a public document, whole or not at all; TrustError where there is one already."""
