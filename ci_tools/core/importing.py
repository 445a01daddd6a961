"""What of another channel is brought into this one: chosen by match specs, with dependencies where that is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.core.inputs import name_of
from ci_tools.core.package import Artifact, Filename, PackageRecord, Subdir
from ci_tools.core.receipt import Fault, Refused
from ci_tools.core.version import VersionOrder
from ci_tools.errors import ChannelError

if TYPE_CHECKING:
    from ci_tools.core.repodata import IndexState

Matches = Callable[[str, PackageRecord], bool]
TAKEN = "is already published here with different bytes"
NO_DIGEST = "its record has no digest, so nobody can say whether it arrives whole"
PLATFORM = "__"  # a virtual package: the machine has it, or has not


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One package of the other channel, as its repodata describes it."""

    filename: Filename
    record: PackageRecord

    @property
    def key(self) -> str:
        """The package's key, there and here."""
        return f"{self.record.subdir}/{self.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A package that arrived and is what its record said; how it was built is not known here."""

    artifact: Artifact
    source: str  # the other channel, without a credential
    input_hash: str = ""
    recipe: str = ""
    backend: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is wanted: match specs, none for everything; and whether what these depend on comes too."""

    specs: tuple[str, ...] = ()
    with_dependencies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """What would be brought. `already` are keys; `missing` are specs that nothing there or here satisfies."""

    source: str
    wanted: tuple[Offered, ...] = ()
    already: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes to be fetched."""
        return sum(each.record.size for each in self.wanted)


def plan_import(
    source: str, there: Iterable[IndexState], here: Mapping[Subdir, IndexState], request: ImportRequest,
    matches: Matches,
) -> ImportPlan:  # fmt: skip
    """The decision: everything that is asked for, and of each why it is not brought where it is not."""
    refused: list[Refused] = []
    offers = [each for state in there for each in _offers(state, refused)]
    shelf = _Shelf(matches=matches)
    for offer in offers:
        shelf.put(offer)
    chosen = {each.key: each for each in offers if _is_asked(each.record, request.specs, matches)}
    records = [offer.record for offer in chosen.values()]
    missing = [spec for spec in request.specs if not any(_is_asked(r, (spec,), matches) for r in records)]
    if request.with_dependencies:
        missing += _close(chosen, shelf, here)
    wanted: list[str] = []
    already: list[str] = []
    for key, offer in sorted(chosen.items()):
        verdict = _judged(offer, here)
        if isinstance(verdict, Refused):
            refused.append(verdict)
        else:
            (already if verdict else wanted).append(key)
    return ImportPlan(
        source=source,
        wanted=tuple(chosen[key] for key in wanted),
        already=tuple(already),
        refused=tuple(refused),
        missing=tuple(dict.fromkeys(missing)),
    )


def _offers(state: IndexState, refused: list[Refused]) -> Iterator[Offered]:
    for name in state.records.names:
        offer = _offer(state, name)
        if isinstance(offer, Offered):
            yield offer
        else:
            refused.append(Refused(what=f"{state.subdir}/{name}", because=offer))


def _offer(state: IndexState, name: str) -> Offered | str:
    """What the record says; or why it cannot be used."""
    try:
        filename = Filename.parse(name)
        record = state.record(filename)
    except (ChannelError, KeyError, TypeError, ValueError) as exc:
        return f"its record cannot be read: {exc}"
    if record is None or record.dist != filename.dist or record.subdir != state.subdir:
        return "its record is that of another package"
    return Offered(filename=filename, record=record)


def _is_asked(record: PackageRecord, specs: Sequence[str], matches: Matches) -> bool:
    return not specs or any(name_of(spec) == record.name and matches(spec, record) for spec in specs)


def _judged(offer: Offered, here: Mapping[Subdir, IndexState]) -> bool | Refused:
    """Whether it is here already; or why it cannot come."""
    record = offer.record
    if not (record.sha256 or record.md5):
        return Refused(what=offer.key, because=NO_DIGEST)
    state = here.get(record.subdir)
    known = state.promised(offer.filename) if state else None
    if known is None:
        return False
    same = known.sha256 == record.sha256 if record.sha256 else known.md5 == record.md5
    return same or Refused(what=offer.key, because=TAKEN, hint="bring it under another name", fault=Fault.PROMISE)


@dataclass(slots=True, kw_only=True)
class _Shelf:
    """The other channel's packages by name, the newest first."""

    matches: Matches
    by_name: dict[str, list[Offered]] = field(default_factory=lambda: defaultdict(list))

    def put(self, offer: Offered) -> None:
        """One more."""
        self.by_name[offer.record.name].append(offer)

    def best(self, spec: str, subdirs: frozenset[Subdir]) -> Iterator[Offered]:
        """The newest build that satisfies the spec, of each of the subdirs."""
        named = (offer for offer in self.by_name.get(name_of(spec), ()) if offer.record.subdir in subdirs)
        found = [offer for offer in named if self.matches(spec, offer.record)]
        for subdir in sorted(subdirs):
            mine = [offer for offer in found if offer.record.subdir is subdir]
            if mine:
                yield max(mine, key=_age)


def _age(offer: Offered) -> tuple[VersionOrder, int, int, str]:
    record = offer.record
    return VersionOrder.parse(record.version), record.build_number, record.timestamp or 0, offer.key


def _close(chosen: dict[str, Offered], shelf: _Shelf, here: Mapping[Subdir, IndexState]) -> list[str]:
    """Add what the chosen ones depend on, as the newest build that will do; returns what nothing satisfies."""
    missing, queue, seen = [], list(chosen.values()), set[tuple[str, Subdir]]()
    while queue:
        offer = queue.pop()
        for spec in offer.record.depends:
            asked = (spec, offer.record.subdir)
            if asked in seen or name_of(spec).startswith(PLATFORM):
                continue
            seen.add(asked)
            places = frozenset({offer.record.subdir, Subdir.NOARCH})
            if offer.record.subdir is Subdir.NOARCH:
                places = frozenset(Subdir)
            found = tuple(shelf.best(spec, places))
            for each in found:
                if each.key not in chosen:
                    chosen[each.key] = each
                    queue.append(each)
            if not found and not _satisfied(spec, here, shelf.matches):
                missing.append(spec)
    return missing


def _satisfied(spec: str, here: Mapping[Subdir, IndexState], matches: Matches) -> bool:
    for state in here.values():
        for filename in state.files_of(name_of(spec)):
            record = state.record(filename)
            if record is not None and matches(spec, record):
                return True
    return False
