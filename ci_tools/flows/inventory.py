"""Looking at every package in the store, as far as its own words go: what it is, and whether it may be listed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools import documents
from ci_tools.core import layout
from ci_tools.core.builds import BuildInfo
from ci_tools.core.garbage import Kind, kind_of
from ci_tools.core.package import Artifact, Filename, Imprint, PackageRecord, Subdir
from ci_tools.core.receipt import Published, Receipt, Refused
from ci_tools.core.sidecar import Attestations
from ci_tools.errors import NotFoundError, PackageError, TrustError
from ci_tools.flows.upload import SHA256
from ci_tools.ports import ABSENT, CodeHost, Notebook, ObjectStore, PackageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_tools.core.repodata import IndexState
    from ci_tools.ports import Head

IN_PARALLEL = 16
DIFFERS = "is not what its record says: {}"
RESTORE = "bring it back from the bucket's versions; its record stays as it is"
STRANGER = "nobody attests it: `channel index check --repair` removes it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What looking at packages needs."""

    store: ObjectStore
    reader: PackageReader
    notebook: Notebook
    attestations: Attestations
    host: CodeHost


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A package as it speaks of itself, and what else is known of it."""

    artifact: Artifact
    attestations_sha256: str
    build: BuildInfo = field(default_factory=BuildInfo)

    @property
    def key(self) -> str:
        """The package's key."""
        return layout.package_key(self.artifact.subdir, self.artifact.filename)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What there is. `gone` and `adopted` are keys: indexed and not there, there and not indexed but attested."""

    subdirs: tuple[Subdir, ...]
    packages: tuple[Found, ...]
    gone: frozenset[str]
    adopted: frozenset[str]
    refused: tuple[Refused, ...]
    read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One package to look at; `record` is what is indexed, None where nothing is."""

    key: str
    subdir: Subdir
    filename: Filename
    record: PackageRecord | None
    published: tuple[Receipt, Published] | None


def inventory(
    stock: Stock, states: Mapping[Subdir, IndexState], published: Mapping[str, tuple[Receipt, Published]],
    everything: frozenset[Subdir],
) -> Inventory:  # fmt: skip
    """Every indexed package, and in the subdirs of `everything` those too that are not; several are looked at at once.

    What the notebook remembers of an unchanged object is not fetched again.
    """
    keys = (head.key for subdir in states for head in stock.store.list(f"{subdir}/"))
    there = {key for key in keys if kind_of(key) is Kind.PACKAGE}
    tasks = tuple(_tasks(states, there, published, everything))
    gone = frozenset(task.key for task in tasks if task.key not in there)
    looking = [task for task in tasks if task.key in there]
    progress = stock.host.progress("read", len(looking), "packages")
    with progress as advance, ThreadPoolExecutor(IN_PARALLEL) as pool:
        results = tuple(pool.map(lambda task: _told(_looked_at(task, stock), advance), looking))
    found = tuple(result for result in results if isinstance(result, Found))
    indexed = {task.key for task in tasks if task.record is not None}
    return Inventory(
        subdirs=tuple(states),
        packages=found,
        gone=gone,
        adopted=frozenset(each.key for each in found) - indexed,
        refused=tuple(result for result in results if isinstance(result, Refused)),
        read=len(looking),
    )


def _tasks(
    states: Mapping[Subdir, IndexState], there: set[str], published: Mapping[str, tuple[Receipt, Published]],
    everything: frozenset[Subdir],
) -> Iterator[_Task]:  # fmt: skip
    for subdir, state in states.items():
        indexed = {str(filename): filename for filename in (*state.filenames, *state.yanked)}
        stored = {key.partition("/")[2] for key in there if key.startswith(f"{subdir}/")}
        for name in sorted(indexed.keys() | (stored if subdir in everything else set())):
            key, filename = f"{subdir}/{name}", indexed.get(name) or Filename.parse(name)
            record = state.promised(filename)
            yield _Task(key=key, subdir=subdir, filename=filename, record=record, published=published.get(key))


def _told(result: Found | Refused, advance: Callable[[int], None]) -> Found | Refused:
    advance(1)
    return result


def _looked_at(task: _Task, stock: Stock) -> Found | Refused:
    try:
        head = stock.store.head(task.key)
        return _indexed(task, task.record, head, stock) if task.record else _stranger(task, head, stock)
    except NotFoundError:
        return Refused(what=task.key, because="went away while it was looked at", hint="run this again")
    except (PackageError, TrustError) as exc:
        return Refused(what=task.key, because=str(exc), hint=RESTORE if task.record else STRANGER)


def _indexed(task: _Task, record: PackageRecord, head: Head, stock: Stock) -> Found | Refused:
    """By size and the digest that the store keeps it is what was indexed, so the digests of the index are its own."""
    said = head.metadata.get(SHA256)
    if head.size != record.size:
        because = DIFFERS.format(f"it has {head.size} bytes instead of {record.size}")
        return Refused(what=task.key, because=because, hint=RESTORE)
    if said and record.sha256 and said != record.sha256:
        return Refused(what=task.key, because=DIFFERS.format("its digest is another"), hint=RESTORE)
    imprint = Imprint(size=record.size, md5=record.md5, sha256=record.sha256)
    if not (record.md5 and record.sha256):
        imprint = _imprint(task.key, stock.store)
    artifact = _glanced(task, head, imprint, stock)
    return Found(artifact=artifact, attestations_sha256=record.attestations_sha256 or "")


def _stranger(task: _Task, head: Head, stock: Stock) -> Found:
    """One that no index speaks of: its bytes are read, and the channel must have attested exactly these."""
    imprint = _imprint(task.key, stock.store)
    sidecar = stock.store.get(layout.sidecar_key(task.key)).body
    stock.attestations.verify(sidecar, str(task.filename), imprint.sha256)
    digest = layout.sha256(sidecar)
    named = layout.sidecar_key(task.key, digest)
    stock.store.put(named, sidecar, layout.Freshness.IMMUTABLE, if_match=ABSENT)
    artifact = _glanced(task, head, imprint, stock)
    return Found(artifact=artifact, attestations_sha256=digest, build=_build(task, imprint))


def _build(task: _Task, imprint: Imprint) -> BuildInfo:
    """What the receipts remember of its build."""
    if task.published is None or task.published[1].sha256 != imprint.sha256:
        return BuildInfo()
    receipt, package = task.published
    return BuildInfo(
        recipe=package.recipe, input_hash=package.input_hash, commit=receipt.cause.commit,
        generation=receipt.generation, seconds=package.seconds, backend=package.backend,
    )  # fmt: skip


def _imprint(key: str, store: ObjectStore) -> Imprint:
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    for chunk in store.stream(key):
        md5.update(chunk)
        sha256.update(chunk)
        size += len(chunk)
    return Imprint(size=size, md5=md5.hexdigest(), sha256=sha256.hexdigest())


def _glanced(task: _Task, head: Head, imprint: Imprint, stock: Stock) -> Artifact:
    version = f"{head.etag} {imprint.sha256}"
    noted = stock.notebook.recall(task.key, version)
    if noted is not None:
        return documents.read(Artifact, noted, task.key)

    def fetch(start: int, stop: int) -> bytes:
        return b"".join(stock.store.stream(task.key, start, stop))

    artifact = stock.reader.glance(fetch, task.filename, task.subdir, imprint)
    stock.notebook.note(task.key, version, documents.write(artifact))
    return artifact
