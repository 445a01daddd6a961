"""A complete signed channel in a folder, written as a publish writes it, with nothing but the core."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packages import make_package
from publishing import CHANNEL, TODAY, Publishing, publishing
from tuf_channel import YEAR, new_key

from ci_tools.adapters.signers.local_key import LocalKey
from ci_tools.core import layout
from ci_tools.core.generation import Generation, TargetFile, next_generation, read_generation
from ci_tools.core.layout import Freshness
from ci_tools.core.package import Filename, PackageRecord, Subdir
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.root import first_root
from ci_tools.core.verification import VerifyPolicy
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.flows.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ci_tools.core.verification import VerifyReport


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A channel source over a folder, nothing more."""

    folder: Path

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def read(self, key: str, limit: int) -> bytes:
        body = b"".join(self.stream(key))
        if len(body) > limit:
            raise TrustError(f"`{key}` is longer than {limit} bytes")
        return body

    def stream(self, key: str) -> Iterator[bytes]:
        try:
            yield (self.folder / key).read_bytes()
        except FileNotFoundError as exc:
            raise NotFoundError(f"there is no `{key}`") from exc


@dataclass(slots=True)
class Tree:
    """A channel's folder and everything that signs it. Both subdirs are always indexed."""

    folder: Path
    publishing: Publishing = field(default_factory=publishing)
    root_key: LocalKey = field(default_factory=new_key)
    online_key: LocalKey = field(default_factory=new_key)
    root: bytes = b""
    generation: Generation | None = None
    states: dict[Subdir, IndexState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = first_root(self.root_key, self.online_key, TODAY, YEAR)
        self.write(layout.FIRST_ROOT, self.root)
        self.states = {subdir: IndexState.empty(subdir) for subdir in (Subdir.NOARCH, Subdir.LINUX_64)}

    def copied(self, folder: Path) -> Tree:
        """The same channel in another folder, which may be spoiled."""
        copy = Tree(folder, self.publishing, self.root_key, self.online_key)
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        copy.root, copy.generation, copy.states = self.root, self.generation, dict(self.states)
        return copy

    def publish(self, *names: str, subdir: Subdir = Subdir.NOARCH, now: datetime = TODAY) -> None:
        """A new generation with these packages."""
        entries = [self.place(name, subdir) for name in names]
        self.states[subdir] = self.states[subdir].including(entries)
        self.commit(now)

    def place(self, name: str, subdir: Subdir) -> IndexEntry:
        """A package and its sidecar in the folder; what the index says of it."""
        with tempfile.TemporaryDirectory() as scratch:
            path = make_package(Path(scratch), name, subdir=subdir)
            filename, body = Filename.parse(path.name), path.read_bytes()
        sha256 = hashlib.sha256(body).hexdigest()
        key, sidecar = layout.package_key(subdir, filename), self.publishing.attest(str(filename), sha256)
        digest = hashlib.sha256(sidecar).hexdigest()
        for where, what in ((key, body), *((layout.sidecar_key(key, d), sidecar) for d in (digest, ""))):
            self.write(where, what)
        record = PackageRecord(
            name=name, version="1.0", build="0", build_number=0, subdir=subdir, size=len(body), sha256=sha256,
            md5=hashlib.md5(body, usedforsecurity=False).hexdigest(), attestations_sha256=digest,
        )  # fmt: skip
        return IndexEntry(filename=filename, record=record)

    def commit(self, now: datetime = TODAY) -> None:
        """The next generation of what `states` say, and its pointers."""
        number = self.generation.number + 1 if self.generation else 1
        documents = [document for state in self.states.values() for document in state.documents()]
        pointers = {d.key: d.body for d in documents if d.freshness is not Freshness.IMMUTABLE}
        pointers[layout.receipt_key(number)] = b'{"generation":%d}' % number
        for document in documents:
            self.write(document.key, document.body)
        targets = {key: TargetFile.of(body) for key, body in pointers.items()}
        for key, body in pointers.items():
            self.write(key, body)
            self.write(layout.by_hash(key, targets[key].sha256), body)
        self.sign(number, targets, now)

    def sign(self, number: int, targets: dict[str, TargetFile], now: datetime = TODAY) -> None:
        """The metadata of generation `number`."""
        made = next_generation(self.generation, number, targets, self.online_key, now)
        for document in made:
            self.write(document.key, document.body)
        bodies = [document.body for document in made]
        self.generation = read_generation(self.root, bodies[2], bodies[1], bodies[0], now)

    def write(self, key: str, body: bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def read(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()

    def one(self, pattern: str) -> str:
        """The key of the only file that matches."""
        (path,) = self.folder.glob(pattern)
        return str(path.relative_to(self.folder))

    def verified(self, now: datetime = TODAY, root: bytes = b"", **policy: object) -> VerifyReport:
        """What `verify` says of the folder as it is now."""
        believed = {"channel": CHANNEL, "trusted_root": self.publishing.trusted_root, **policy}
        return verify(FolderSource(self.folder), root or self.root, VerifyPolicy(**believed), now)
