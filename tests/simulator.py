"""A whole channel in memory: keys, store, edge, build jobs that deliver, and a client that looks at any moment."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from packages import make_package

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.adapters.edges.memory import MemoryEdge
from ci_tools.adapters.hosts.terminal import Terminal
from ci_tools.adapters.signers.local_key import LocalKey
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.core import trusted_root as roots
from ci_tools.core.attestation import Publisher
from ci_tools.core.attester import ChannelAttester
from ci_tools.core.certificates import Authority, authority, load_certificate, pem, publisher_certificate
from ci_tools.core.curation import Curation
from ci_tools.core.handover import Delivery
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, BuildReport, Built, Job, PlannedOutput, Reason
from ci_tools.core.receipt import Cause, RunReport
from ci_tools.core.recipe import Dialect
from ci_tools.core.root import first_root
from ci_tools.core.sidecar import Attestations
from ci_tools.flows.index import NOTHING
from ci_tools.flows.publish import Press, What, publish
from ci_tools.flows.transaction import Notary, Setting
from ci_tools.ports import ObjectStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


URL = "https://conda.acme.example/acme"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A channel's keys and what it exports of them; made once a test session, for certificates take their time."""

    online: LocalKey
    root: bytes
    publisher: Publisher
    trusted_root: bytes

    def packed(self) -> dict[str, str]:
        """As JSON carries it to another process, which is then the same publisher."""
        keys = {"online": self.online, "leaf": self.publisher.key, "log": self.publisher.log}
        pems = {name: _private_pem(key) for name, key in keys.items()}
        public = {"root": self.root, "certificate": pem(self.publisher.certificate), "trusted_root": self.trusted_root}
        return pems | {name: body.decode() for name, body in public.items()}

    @classmethod
    def unpacked(cls, told: Mapping[str, str]) -> Ring:
        online, leaf, log = (LocalKey(load_pem_private_key(told[n].encode(), None)) for n in ("online", "leaf", "log"))
        certificate = load_certificate(told["certificate"].encode(), "the certificate")
        publisher = Publisher(key=leaf, certificate=certificate, log=log, channel=URL)
        root, trusted_root = told["root"].encode(), told["trusted_root"].encode()
        return cls(online=online, root=root, publisher=publisher, trusted_root=trusted_root)


def _private_pem(key: LocalKey) -> str:
    return key._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def ring() -> Ring:
    root, online, ca, leaf, log, sct = (LocalKey.generated() for _ in range(6))
    certificate = authority(ca, URL, NOW)
    issuer = Authority(key=ca, certificate=certificate, sct=sct)
    publisher = Publisher(
        key=leaf, certificate=publisher_certificate(issuer, leaf, URL, NOW), log=log, channel=URL
    )  # fmt: skip
    exported = roots.document(roots.trusted_root(URL, certificate, log, sct))
    return Ring(online=online, root=first_root(root, online, NOW, YEAR), publisher=publisher, trusted_root=exported)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a test wants built. `salt` changes the bytes and nothing else; `inputs` changes the input hash."""

    name: str
    version: str = "1.0"
    build: str = "0"
    build_number: int = 0
    subdir: Subdir = Subdir.NOARCH
    depends: tuple[str, ...] = ()
    recipe: str = ""
    salt: str = ""
    inputs: str = ""
    requires: tuple[str, ...] = ()

    @property
    def filename(self) -> Filename:
        return Filename.parse(f"{self.name}-{self.version}-{self.build}.conda")

    @property
    def planned(self) -> PlannedOutput:
        digest = hashlib.sha256(f"{self.filename}{self.inputs}".encode()).hexdigest()
        return PlannedOutput(
            recipe=self.recipe or f"recipes/{self.name}", dialect=Dialect.V1, filename=self.filename,
            subdir=self.subdir, build_number=self.build_number, input_hash=digest, reason=Reason.CHANGED,
            because="a test asked for it", requires=self.requires,
        )  # fmt: skip


def delivered(folder: Path, packages: Iterable[Package], job: str = "linux-64-a") -> tuple[BuildPlan, Delivery]:
    """A plan that asks one job for these packages, and what the job hands over."""
    packages = tuple(packages)
    planned = Job(id=job, subdir=Subdir.LINUX_64, runner="test", outputs=tuple(p.planned for p in packages))
    plan = BuildPlan(channel=URL, base="0" * 40, head="1" * 40, generation=0, jobs=(planned,))
    built = tuple(_built(folder / job, package) for package in packages)
    report = BuildReport(job=job, outcomes=built)
    return plan, Delivery(root=folder / job, report=report, packages=tuple(b.path for b in built))


def _built(root: Path, package: Package) -> Built:
    path = make_package(
        root, package.name, package.version, package.build, package.build_number, package.subdir, package.depends,
        {f"share/{package.name}": package.salt.encode()},
    )  # fmt: skip
    body = path.read_bytes()
    return Built(
        filename=package.filename, subdir=package.subdir, path=path.relative_to(root).as_posix(),
        sha256=hashlib.sha256(body).hexdigest(), size=len(body), input_hash=package.planned.input_hash,
        seconds=1.0, log="", backend="test 1",
    )  # fmt: skip


@dataclass(kw_only=True)
class World:
    """One channel and the folder that build jobs leave their packages in."""

    folder: Path
    store: ObjectStore = field(default_factory=MemoryStore)
    edge: MemoryEdge = field(default_factory=MemoryEdge)
    keys: Ring = field(default_factory=ring)
    pause: Callable[[int], None] = lambda _: None
    runs: int = 0
    curation: Curation = NOTHING
    now: datetime = NOW

    def setting(self, store: ObjectStore | None = None, now: datetime | None = None) -> Setting:
        cause = Cause(commit="1" * 40, run="", who="test")
        notary = Notary(root=self.keys.root, online=self.keys.online)
        return Setting(store=store or self.store, notary=notary, cause=cause, now=now or self.now, pause=self.pause)

    def press(self, what: What = What.PASSED, store: ObjectStore | None = None) -> Press:
        return Press(
            subdirs=(Subdir.NOARCH, Subdir.LINUX_64),
            what=what,
            attester=ChannelAttester(self.keys.publisher, self.keys.trusted_root, NOW),
            attestations=Attestations(self.keys.trusted_root, URL),
            source=StoredSource(store or self.store, URL),
            reader=ArchiveReader(),
            edge=self.edge,
            host=Terminal(io.StringIO(), {}, verbosity=-1),
            elapsed=lambda: 0.0,
            curation=self.curation,
        )

    def deliver(self, *packages: Package) -> tuple[BuildPlan, Delivery]:
        self.runs += 1
        return delivered(self.folder / str(self.runs), packages)

    def publish(self, *packages: Package, store: ObjectStore | None = None, what: What = What.PASSED) -> RunReport:
        plan, delivery = self.deliver(*packages)
        return publish(plan, (delivery,), self.setting(store), self.press(what, store))
