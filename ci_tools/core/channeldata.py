"""What the whole channel has, name by name: channeldata.json (CEP 38) and a page for people.

It is brought up to date from what was said before and the subdirs that changed; the order in which packages came
does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import orjson

from ci_tools.core.about import TEXTS, TRAITS
from ci_tools.core.layout import CHANNELDATA, INDEX_PAGE, Document, Freshness
from ci_tools.core.overview import overview
from ci_tools.core.package import Artifact, Dist, Filename, PackageRecord, Subdir
from ci_tools.core.sheet import REBUILD, dumped
from ci_tools.core.version import VersionOrder
from ci_tools.errors import StoreError

if TYPE_CHECKING:
    from ci_tools.core.repodata import IndexState

VERSION = 1
IN_SECONDS = 253_402_300_799  # a timestamp up to this is in seconds: the end of the year 9999
LAST_NUMBER = re.compile(r"[0-9]+$")

Package = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channeldata:
    """Package name -> what channeldata.json says of it, and the subdirs of the channel."""

    packages: Mapping[str, Package] = field(default_factory=dict)
    subdirs: tuple[str, ...] = ()

    @classmethod
    def parse(cls, document: bytes) -> Self:
        """What was written before; StoreError where that is no channeldata.json."""
        try:
            told = orjson.loads(document)
            return cls(packages=dict(told["packages"]), subdirs=tuple(told["subdirs"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise StoreError(f"`{CHANNELDATA}` is not what it should be", hint=REBUILD, detail=str(exc)) from exc

    def following(self, states: Iterable[IndexState], artifacts: Iterable[Artifact]) -> Self:
        """With the packages that came to these subdirs (`artifacts`), and without names that are there no more.

        `states` are those of the subdirs that changed, as they are now.
        """
        now = {state.subdir: state for state in states}
        packages = dict(self.packages)
        for artifact in artifacts:
            packages[artifact.record.name] = _merged(packages.get(artifact.record.name, {}), artifact)
        for name in sorted({name for state in now.values() for name in state.touched}):
            packages[name] = _remaining(name, packages.get(name, {}), now)
        kept = {name: package for name, package in packages.items() if package.get("subdirs")}
        return type(self)(packages=kept, subdirs=tuple(sorted({*self.subdirs, *now})))

    def documents(self, title: str) -> tuple[Document, ...]:
        """channeldata.json, and index.html with `title` on top."""
        lines = (b'"%b":%b' % (name.encode(), dumped(self.packages[name])) for name in sorted(self.packages))
        body = b'{"channeldata_version":%d,\n"packages":{\n%b\n},\n"subdirs":%b}\n' % (
            VERSION, b",\n".join(lines), dumped(self.subdirs),
        )  # fmt: skip
        page = overview(title, self.packages, self.subdirs)
        return (
            Document(key=INDEX_PAGE, body=page.encode(), freshness=Freshness.POINTER),
            Document(key=CHANNELDATA, body=body, freshness=Freshness.POINTER),
        )


def _merged(package: Package, artifact: Artifact) -> Package:
    """What is said of the name, now that this artifact is there: the newest one's words, and any trait there is."""
    about, record = artifact.about, artifact.record
    newest = max(_described(package, artifact), key=lambda said: _age(said["reference_package"]))
    speaking = newest["reference_package"] == _reference(artifact)
    words = {text: getattr(about, text) for text in TEXTS} if speaking else {text: package.get(text) for text in TEXTS}
    return {
        **{text: said for text, said in words.items() if said},
        **newest,
        **{trait: package.get(trait, False) or trait in about.traits for trait in TRAITS},
        "run_exports": _run_exports(package.get("run_exports", {}), artifact),
        "subdirs": sorted({*package.get("subdirs", ()), record.subdir}),
        "timestamp": max(package.get("timestamp", 0), _seconds(record)),
    }


def _described(package: Package, artifact: Artifact) -> Iterator[dict[str, str]]:
    if "reference_package" in package:
        yield {key: package[key] for key in ("reference_package", "version")}
    yield {"reference_package": _reference(artifact), "version": artifact.record.version}


def _reference(artifact: Artifact) -> str:
    return f"{artifact.subdir}/{artifact.filename}"


def _age(reference: str) -> tuple[VersionOrder, int, str]:
    """What makes one package newer than another: version, then the number its build string ends in (CEP 34)."""
    dist: Dist = Filename.parse(reference.partition("/")[2]).dist
    number = LAST_NUMBER.search(dist.build)
    return VersionOrder.parse(dist.version), int(number[0]) if number else 0, reference


def _run_exports(known: Mapping[str, Any], artifact: Artifact) -> Mapping[str, Any]:
    """CEP 38 has one entry a version; where builds of it differ, which one is chosen must not depend on the order."""
    told, version = artifact.run_exports.to_json(), artifact.record.version
    if not told:
        return known
    return {**known, version: max(told, known.get(version, told), key=dumped)}


def _seconds(record: PackageRecord) -> int:
    time = record.timestamp or 0
    return time if time <= IN_SECONDS else time // 1000


def _remaining(name: str, package: Package, now: Mapping[Subdir, IndexState]) -> Package:
    """What is left to say of the name where some of its files may be gone from these subdirs."""
    files = {f"{subdir}/{file}" for subdir, state in now.items() for file in state.files_of(name)}
    here = {reference.partition("/")[0] for reference in files}
    elsewhere = set(package.get("subdirs", ())).difference(now)
    reference = package.get("reference_package", "")
    if files:
        other = {reference} if reference and reference.partition("/")[0] not in now else set()
        reference = max({*files, *other}, key=_age)
        version = Filename.parse(reference.partition("/")[2]).dist.version
        package = {**package, "reference_package": reference, "version": version}
    unknown = {**dict.fromkeys(TRAITS, False), "run_exports": {}, "timestamp": 0}
    return {**unknown, **package, "subdirs": sorted(here | elsewhere)}
