"""The index of one subdir as a value: records go in and come out, and its documents are made of it.

Order does not matter and neither do batches: equal records give byte-identical repodata, shards and run_exports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from ci_tools.core import layout
from ci_tools.core.builds import BuildInfo
from ci_tools.core.layout import Document, Freshness
from ci_tools.core.listing import package_name
from ci_tools.core.package import Filename, PackageRecord, RunExports, Subdir
from ci_tools.core.shards import read_shard_index, shard, shard_index
from ci_tools.core.sheet import Sheet, dumped, loaded
from ci_tools.core.zst import packed, unpacked
from ci_tools.errors import Problem, StoreError

__all__ = ["BuildInfo", "IndexEntry", "IndexState"]

RUN_EXPORTS_VERSION = 1  # CEP 12
BUILDS_VERSION = 1
NO_DIGESTS: Mapping[str, bytes] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One package to index: what repodata, run_exports.json and builds.json say of it."""

    filename: Filename
    record: PackageRecord
    run_exports: RunExports = field(default_factory=RunExports)
    build: BuildInfo = field(default_factory=BuildInfo)

    def record_json(self) -> bytes:
        """The record as repodata carries it.

        CEP 16 foresees run_exports in records; who builds against a package need not fetch run_exports.json then.
        """
        told = self.run_exports.to_json()
        return dumped({**self.record.to_json(), **({"run_exports": told} if told else {})})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """Everything that is indexed in one subdir. `removed` are file names that were withdrawn (CEP 36).

    `withheld` are the records as the packages have them, of files that are patched (`records` has the patched one) or
    yanked (`records` has none; what is known of their build stays).
    `digests` are those of the shards as published, by package name; `touched` are the packages that need new ones.
    """

    subdir: Subdir
    records: Sheet = field(default_factory=Sheet)
    run_exports: Sheet = field(default_factory=Sheet)
    builds: Sheet = field(default_factory=Sheet)
    withheld: Sheet = field(default_factory=Sheet)
    removed: tuple[str, ...] = ()
    digests: Mapping[str, bytes] = field(default_factory=lambda: NO_DIGESTS, compare=False)
    touched: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def empty(cls, subdir: Subdir) -> Self:
        """A subdir in which nothing was ever published."""
        return cls(subdir=subdir)

    @classmethod
    def parse(cls, subdir: Subdir, documents: Mapping[str, bytes]) -> Self:
        """The state that `documents` (file name -> bytes, of one generation) were made of.

        repodata.json or repodata.json.zst; run_exports.json, builds.json.zst and the shard index where there are any.
        Foreign documents are read too; whatever is not laid out as ours is written anew.
        """
        sources = _Sources(subdir=subdir, documents=documents)
        repodata = sources.read(layout.REPODATA, layout.REPODATA_ZST)
        records, rest = Sheet.parse(repodata, f"{subdir}/{layout.REPODATA}")
        if any(rest.get("v3", {}).values()):  # CEP 43 to 45
            raise StoreError(f"`{subdir}/{layout.REPODATA}` has v3 records, which this channel cannot hold")
        state = cls(
            subdir=subdir,
            records=records,
            run_exports=_complete(sources.sheet(layout.RUN_EXPORTS, layout.RUN_EXPORTS_ZST), records),
            builds=sources.sheet(layout.BUILDS),
            withheld=sources.sheet(layout.WITHHELD),
            removed=tuple(sorted(rest.get("removed", ()))),
        )
        # Digests of shards are carried over only where the records were written by us: then the shards were too.
        digests = sources.digests() if state._repodata() == repodata else NO_DIGESTS
        names = records.packages() | set(map(package_name, state.removed))
        return replace(state, digests=digests, touched=names.symmetric_difference(digests))

    @property
    def filenames(self) -> tuple[Filename, ...]:
        """Every indexed file, in order of the names, `.tar.bz2` first."""
        return tuple(map(Filename.parse, self.records.names))

    def files_of(self, name: str) -> tuple[Filename, ...]:
        """The indexed files of one package."""
        return tuple(Filename.parse(f) for sheet in self.records.listings for f in sheet.belonging(name))

    def __contains__(self, filename: Filename) -> bool:
        return self.records.get(str(filename)) is not None

    def record(self, filename: Filename) -> PackageRecord | None:
        """What repodata says of the file; None where it is not indexed."""
        text = self.records.get(str(filename))
        return None if text is None else self.read(text)

    def promised(self, filename: Filename) -> PackageRecord | None:
        """The record of the package that the file name stands for, as the package has it, yanked or not."""
        text = self.withheld.get(str(filename)) or self.records.get(str(filename))
        return None if text is None else self.read(text)

    @property
    def yanked(self) -> tuple[Filename, ...]:
        """The files that are published and not indexed, in order."""
        return tuple(Filename.parse(name) for name in self.withheld.names if self.records.get(name) is None)

    def read(self, text: bytes) -> PackageRecord:
        """The record that `text`, of a package of this subdir, says."""
        fields = loaded(text, f"{self.subdir}/{layout.REPODATA}")
        return PackageRecord.from_json({"subdir": self.subdir, "md5": "", "sha256": "", "size": 0, **fields})

    def build(self, filename: Filename) -> BuildInfo | None:
        """How the file came to be; None where that was never recorded (an import, a rebuilt index)."""
        text = self.builds.get(str(filename))
        return None if text is None else BuildInfo.from_json(loaded(text, f"{self.subdir}/{layout.BUILDS}"))

    def owners(self, names: Iterable[str]) -> Mapping[str, str]:
        """Those of these packages that have an owner -> directory of the recipe that made the newest build of it."""
        newest = {name: max(self._made(name), default=(0, "")) for name in names}
        return {name: recipe for name, (_, recipe) in newest.items() if recipe}

    def including(self, entries: Iterable[IndexEntry]) -> Self:
        """The state with these packages too; what is there already stays as it is.

        Raises StoreError naming every file that is there, or comes twice, with other bytes.
        """
        fresh = self._fresh(entries)
        if not fresh:
            return self
        records = {name: entry.record_json() for name, entry in fresh.items()}
        run_exports = {name: dumped({"run_exports": entry.run_exports.to_json()}) for name, entry in fresh.items()}
        builds = {name: dumped(entry.build.to_json()) for name, entry in fresh.items() if entry.build != BuildInfo()}
        return replace(
            self,
            records=self.records.changed(records),
            run_exports=self.run_exports.changed(run_exports),
            builds=self.builds.changed(builds),
            removed=tuple(name for name in self.removed if name not in fresh),
            touched=self.touched | set(map(package_name, fresh)),
        )

    def without(self, filenames: Iterable[Filename]) -> Self:
        """The state in which these files are not listed; StoreError names those that are not there."""
        names = {str(filename) for filename in filenames}
        strange = sorted(name for name in names if not (self.records.get(name) or self.withheld.get(name)))
        if strange:
            raise StoreError(*(f"`{self.subdir}/{name}` is not published" for name in strange))
        gone: Mapping[str, bytes | None] = dict.fromkeys(names)
        return replace(
            self,
            records=self.records.changed(gone),
            run_exports=self.run_exports.changed(gone),
            builds=self.builds.changed(gone),
            withheld=self.withheld.changed(gone),
            touched=self.touched | set(map(package_name, names)),
        )

    def documents(self) -> tuple[Document, ...]:
        """The subdir's documents, and of the shards only those that changed since `parse`.

        Shards come first, then the pointers in the order in which a client should see them change.
        """
        shards = {name: shard for name in sorted(self.touched) if (shard := self._shard(name))}
        kept = {name: digest for name, digest in self.digests.items() if name not in self.touched}
        fresh = {name: hashlib.sha256(body).digest() for name, body in shards.items()}
        keys = (layout.shard_key(self.subdir, fresh[name].hex()) for name in shards)
        immutable = (
            Document(key=key, body=body, freshness=Freshness.IMMUTABLE)
            for key, body in zip(keys, shards.values(), strict=True)
        )
        return (*immutable, *self._pointers(shard_index(self.subdir, {**kept, **fresh})))

    def _made(self, name: str) -> Iterator[tuple[int, str]]:
        """Generation and recipe of every build of a package."""
        for filename in (f for listing in self.builds.listings for f in listing.belonging(name)):
            build = loaded(self.builds.get(filename), f"{self.subdir}/{layout.BUILDS}")
            yield build.get("generation", 0), build.get("recipe", "")

    def _pointers(self, shard_index: bytes) -> Iterator[Document]:
        repodata, run_exports = self._repodata(), self._run_exports()
        builds = self.builds.rendered({"subdir": self.subdir, "version": BUILDS_VERSION}, {})
        bodies = {
            layout.RUN_EXPORTS: run_exports,
            layout.RUN_EXPORTS_ZST: packed(run_exports),
            layout.BUILDS: packed(builds),
            layout.WITHHELD: packed(self.withheld.rendered({"subdir": self.subdir, "version": BUILDS_VERSION}, {})),
            layout.REPODATA: repodata,
            layout.REPODATA_ZST: packed(repodata),
            layout.SHARD_INDEX: shard_index,
        }
        for name in layout.SUBDIR_DOCUMENTS:
            yield Document(key=f"{self.subdir}/{name}", body=bodies[name], freshness=Freshness.POINTER)

    def _repodata(self) -> bytes:
        return self.records.rendered({"subdir": self.subdir}, {"removed": self.removed, "repodata_version": 1})

    def _run_exports(self) -> bytes:
        return self.run_exports.rendered({"subdir": self.subdir, "version": RUN_EXPORTS_VERSION}, {})

    def _shard(self, name: str) -> bytes | None:
        """The shard of one package; None where nothing of it is left."""
        what = f"{self.subdir}/{layout.REPODATA}"
        sections = (
            {filename: loaded(listing.get(filename), what) for filename in listing.belonging(name)}
            for listing in self.records.listings
        )
        removed = tuple(filename for filename in self.removed if package_name(filename) == name)
        packages, conda = sections
        return shard(packages, conda, removed) if packages or conda or removed else None

    def _fresh(self, entries: Iterable[IndexEntry]) -> Mapping[str, IndexEntry]:
        """The entries that are not there yet, by file name."""
        fresh: dict[str, IndexEntry] = {}
        problems: list[Problem] = []
        for entry in entries:
            name = str(entry.filename)
            known = fresh[name].record if name in fresh else self.promised(entry.filename)
            if (entry.record.subdir, entry.record.dist) != (self.subdir, entry.filename.dist):
                problems.append(Problem(message=f"`{name}` does not belong in the index of {self.subdir}"))
            elif known is None:
                fresh[name] = entry
            elif (known.sha256 or known.md5) not in {entry.record.sha256, entry.record.md5}:
                problems.append(_broken_promise(self.subdir, name))
        if problems:
            raise StoreError(*problems)
        return fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """The documents of a generation to read from, each in either of its forms."""

    subdir: Subdir
    documents: Mapping[str, bytes]

    def read(self, *names: str) -> bytes:
        """The first of these that is there, unpacked; empty where none is."""
        for name in names:
            if name in self.documents:
                body = self.documents[name]
                return unpacked(body, f"{self.subdir}/{name}") if name.endswith(".zst") else body
        return b""

    def sheet(self, *names: str) -> Sheet:
        return Sheet.parse(self.read(*names), f"{self.subdir}/{names[0]}")[0]

    def digests(self) -> Mapping[str, bytes]:
        document = self.documents.get(layout.SHARD_INDEX)
        return read_shard_index(document, f"{self.subdir}/{layout.SHARD_INDEX}") if document else NO_DIGESTS


def _complete(run_exports: Sheet, records: Sheet) -> Sheet:
    """CEP 12: every package has an entry, also where a foreign channel has none."""
    missing = set(records.names).difference(run_exports.names)
    strays = set(run_exports.names).difference(records.names)
    changes: dict[str, bytes | None] = dict.fromkeys(strays)
    for name in missing:
        told = loaded(records.get(name), layout.REPODATA).get("run_exports", {})
        changes[name] = dumped({"run_exports": told})
    return run_exports.changed(changes)


def _broken_promise(subdir: Subdir, name: str) -> Problem:
    return Problem(message=f"`{subdir}/{name}` is already published with different bytes", hint="bump the build number")
