"""Bringing packages and their sidecars into the store: created only, never replaced."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ci_tools.core import layout
from ci_tools.core.layout import Freshness
from ci_tools.core.package import PackageRecord
from ci_tools.core.provenance import Making
from ci_tools.core.receipt import Fault, Refused
from ci_tools.errors import ConflictError, NotFoundError, PackageError
from ci_tools.ports import ABSENT, Absent, Etag, ObjectStore, PackageReader, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.package import Artifact, Filename
    from ci_tools.ports import CodeHost, Head

IN_PARALLEL = 16
INPUT_HASH = "input-hash"  # object metadata of a package
SHA256 = "sha256"
BUMP = "bump the build number"


class Attester(Protocol):
    """Who vouches for packages, and knows its own word again; safe to share by threads."""

    def attest(self, artifact: Artifact, making: Making) -> bytes:
        """A new sidecar: a JSON array of Sigstore bundles, the first says that it was published (CEP 27, 50)."""

    def accepts(self, sidecar: bytes, filename: Filename, sha256: str) -> bool:
        """Whether the sidecar verifies under the channel's own trust root for exactly this package."""


class Arrival(StrEnum):
    """How a package came to be in the store."""

    UPLOADED = "uploaded"
    ALREADY_THERE = "already there"
    ADOPTED = "adopted"  # stored by a publish that died, from the same inputs: its bytes win over the rebuilt ones


class Consignment(Protocol):
    """A package on its way into the store, with what is known of how it came to be; texts may be empty."""

    @property
    def artifact(self) -> Artifact:
        """The package, on this machine."""

    @property
    def input_hash(self) -> str:
        """Of what it was made from."""

    @property
    def recipe(self) -> str:
        """The directory of the recipe that made it."""

    @property
    def backend(self) -> str:
        """What built it."""

    @property
    def seconds(self) -> float:
        """How long that took."""

    @property
    def source(self) -> str:
        """The other channel that it comes from."""


Cargo = TypeVar("Cargo", bound=Consignment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Generic[Cargo]):
    """A package that is in the store with its sidecar, ready to be indexed."""

    candidate: Cargo
    arrival: Arrival
    attestations_sha256: str

    @property
    def record(self) -> PackageRecord:
        """What repodata says of it: with the digest of its sidecar, which binds the attestation to the index."""
        return replace(self.candidate.artifact.record, attestations_sha256=self.attestations_sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dock:
    """What uploading needs: the store, who vouches, who opens packages, and what is indexed already (key -> record).

    `sent` hears how many more bytes of a package are there.
    """

    store: ObjectStore
    attester: Attester
    reader: PackageReader
    indexed: Mapping[str, PackageRecord]
    sent: Sent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The `.sigs` of a package as it was seen; empty where there is none."""

    body: bytes
    etag: Etag | Absent


def upload(candidates: Iterable[Cargo], dock: Dock, host: CodeHost) -> tuple[Placed[Cargo] | Refused, ...]:
    """Every candidate, placed or refused, in the order given; several are under way at once."""
    waiting = tuple(candidates)
    total = sum(c.artifact.record.size for c in waiting)
    with host.progress("upload", total, "B") as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        return tuple(pool.map(lambda c: _told(c, dock, advance), waiting))


def _told(candidate: Cargo, dock: Dock, advance: Sent) -> Placed[Cargo] | Refused:
    meter = _Meter(left=candidate.artifact.record.size, advance=advance)
    try:
        return place(candidate, replace(dock, sent=meter.more))
    finally:
        meter.more(meter.left)


@dataclass(slots=True, kw_only=True)
class _Meter:
    """How much of one package is still to go; what is sent twice counts once."""

    left: int
    advance: Sent
    lock: threading.Lock = field(default_factory=threading.Lock)

    def more(self, count: int) -> None:
        with self.lock:
            counted = min(count, self.left)
            self.left -= counted
        self.advance(counted)


def place(candidate: Cargo, dock: Dock) -> Placed[Cargo] | Refused:
    """The package, in the store with its sidecar; or why not."""
    record = candidate.artifact.record
    indexed = dock.indexed.get(_key(candidate))
    if indexed is not None:
        return _indexed(candidate, indexed)
    seen = _sidecar(_key(candidate), dock.store)
    if isinstance(seen.etag, Absent):  # sidecars come first: nobody has begun to bring it
        return _brought(candidate, dock, seen)
    try:
        stored = dock.store.head(_key(candidate))
    except NotFoundError:
        return _brought(candidate, dock, seen)
    if stored.metadata.get(SHA256) == record.sha256:
        return _with_sidecar(candidate, dock, Arrival.ALREADY_THERE, seen)
    return _adopted(candidate, stored, dock)


def _indexed(candidate: Cargo, record: PackageRecord) -> Placed[Cargo] | Refused:
    """A file name is a promise: what is indexed keeps its bytes."""
    if record.sha256 != candidate.artifact.record.sha256:
        because = "is already published with different bytes"
        return Refused(what=_key(candidate), because=because, hint=BUMP, fault=Fault.PROMISE)
    return Placed(
        candidate=candidate, arrival=Arrival.ALREADY_THERE, attestations_sha256=record.attestations_sha256 or ""
    )


def _brought(candidate: Cargo, dock: Dock, seen: Sidecar) -> Placed[Cargo] | Refused:
    placed = _with_sidecar(candidate, dock, Arrival.UPLOADED, seen)
    artifact = candidate.artifact
    metadata = {SHA256: artifact.record.sha256, INPUT_HASH: candidate.input_hash}
    try:
        dock.store.put(
            _key(candidate), artifact.path, Freshness.IMMUTABLE, if_match=ABSENT, metadata=metadata, sent=dock.sent
        )
    except ConflictError:
        # Somebody put another build of it between our look and our write: judge what is there now.
        return _adopted(candidate, dock.store.head(_key(candidate)), dock)
    return placed


def _adopted(candidate: Cargo, stored: Head, dock: Dock) -> Placed[Cargo] | Refused:
    """A publish died after its upload and the rebuild's bytes differ: the stored package, where it is vouched for."""
    filename = candidate.artifact.filename
    sha256 = stored.metadata.get(SHA256, "")
    seen = _sidecar(_key(candidate), dock.store)
    vouched = bool(sha256) and dock.attester.accepts(seen.body, filename, sha256)
    if not vouched or stored.metadata.get(INPUT_HASH) != candidate.input_hash:
        return Refused(
            what=_key(candidate),
            because="lies in the store with other bytes, not indexed and not from the same inputs",
            hint="`channel index check --repair` removes what no generation names",
            fault=Fault.PROMISE,
        )
    try:
        artifact = dock.reader.receive(dock.store.stream(_key(candidate)), filename, candidate.artifact.subdir)
    except PackageError as exc:
        return Refused(what=_key(candidate), because=f"the copy in the store is damaged: {exc}")
    if artifact.record.sha256 != sha256:
        return Refused(what=_key(candidate), because="the copy in the store is not what its metadata says")
    adopted = replace(candidate, artifact=artifact)  # type: ignore[type-var] # every consignment is a dataclass
    return _with_sidecar(adopted, dock, Arrival.ADOPTED, seen)


def _with_sidecar(candidate: Cargo, dock: Dock, arrival: Arrival, seen: Sidecar) -> Placed[Cargo]:
    """The sidecar is written before the package, the immutable one first (CEP 50); one that verifies is kept."""
    package, artifact = _key(candidate), candidate.artifact
    while True:
        sidecar = seen.body
        kept = bool(sidecar) and dock.attester.accepts(sidecar, artifact.filename, artifact.record.sha256)
        if not kept:
            sidecar = dock.attester.attest(artifact, _making(candidate))
        digest = layout.sha256(sidecar)
        try:
            dock.store.put(layout.sidecar_key(package, digest), sidecar, Freshness.IMMUTABLE, if_match=ABSENT)
            if not kept:
                dock.store.put(layout.sidecar_key(package), sidecar, Freshness.POINTER, if_match=seen.etag)
        except ConflictError:
            seen = _sidecar(package, dock.store)  # somebody vouches for it too: keep their word
            continue
        return Placed(candidate=candidate, arrival=arrival, attestations_sha256=digest)


def _sidecar(package: str, store: ObjectStore) -> Sidecar:
    try:
        stored = store.get(layout.sidecar_key(package))
    except NotFoundError:
        return Sidecar(body=b"", etag=ABSENT)
    return Sidecar(body=stored.body, etag=stored.head.etag)


def _making(candidate: Cargo) -> Making:
    return Making(
        recipe=candidate.recipe, input_hash=candidate.input_hash, backend=candidate.backend, source=candidate.source
    )


def _key(candidate: Cargo) -> str:
    return layout.package_key(candidate.artifact.subdir, candidate.artifact.filename)
