"""What the repository says of packages that are published: which are yanked, and whose records are patched.

A package is never changed. A yanked one leaves the index, and its file name stays taken; a patched one is listed with
another record. Both are made from the record that the package itself has, so taking them back restores it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ci_tools.core.canonical import canonical_json
from ci_tools.core.layout import CURATION, REPODATA, Document, Freshness
from ci_tools.core.package import Subdir
from ci_tools.core.patches import Patch
from ci_tools.core.receipt import Change, Did
from ci_tools.core.sheet import dumped, loaded

if TYPE_CHECKING:
    from ci_tools.core.package import PackageRecord
    from ci_tools.core.repodata import IndexState

VERSION = 1

Matches = Callable[[str, "PackageRecord"], bool]  # whether a match spec means the package that has this record


@dataclass(frozen=True, slots=True, kw_only=True)
class Yank:
    """A published file that is not to be installed. `until` (UTC) it comes back by itself; None for ever."""

    subdir: Subdir
    filename: str
    reason: str
    until: datetime | None = None

    @property
    def key(self) -> str:
        """The package's key."""
        return f"{self.subdir}/{self.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curation:
    """All yanks and patches; `matches` judges the match specs of the patches."""

    yanks: tuple[Yank, ...] = ()
    patches: tuple[Patch, ...] = ()
    matches: Matches = field(default=lambda _spec, _record: False, compare=False, repr=False)

    def in_force(self, now: datetime) -> Curation:
        """Without the yanks whose time is over."""
        return replace(self, yanks=tuple(yank for yank in self.yanks if yank.until is None or now < yank.until))

    def document(self) -> Document:
        """curation.json: what is in force, so that everybody can see it and a publish knows whether it changed."""
        said = {
            "patches": [patch.to_json() for patch in self.patches],
            "version": VERSION,
            "yanked": {
                yank.key: {"reason": yank.reason} | ({"until": yank.until.isoformat()} if yank.until else {})
                for yank in self.yanks
            },
        }
        return Document(key=CURATION, body=canonical_json(said) + b"\n", freshness=Freshness.POINTER)


def curated(state: IndexState, curation: Curation) -> tuple[IndexState, tuple[Change, ...]]:
    """The state as `curation` wants it, whatever was in force before; and what that changes, in order of the files."""
    yanks = {yank.filename: yank for yank in curation.yanks if yank.subdir is state.subdir}
    patches = tuple(patch for patch in curation.patches if patch.concerns(state.subdir))
    edits = _Edits()
    for name in sorted({*state.withheld.names, *yanks, *_named(state, patches)}):
        original = state.withheld.get(name) or state.records.get(name)
        if original is not None:
            _curate(
                state, name, original, _Rules(yank=yanks.get(name), patches=patches, matches=curation.matches), edits
            )
    return edits.applied(state), tuple(edits.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What concerns one file."""

    yank: Yank | None
    patches: tuple[Patch, ...]
    matches: Matches

    def record(self, original: bytes, record: PackageRecord, what: str) -> tuple[bytes, str]:
        """What is listed instead of `original`, and why."""
        wanted: Mapping[str, Any] = loaded(original, what)
        reasons = []
        for patch in self.patches:
            if patch.name == record.name and self.matches(patch.match, record):
                after = patch.applied(wanted)
                reasons += [patch.reason] if after != wanted and patch.reason else []
                wanted = after
        return dumped(wanted), "; ".join(reasons)


@dataclass(slots=True, kw_only=True)
class _Edits:
    """The changes of a state while they are gathered: file name -> JSON text, None takes it out."""

    records: dict[str, bytes | None] = field(default_factory=dict)
    withheld: dict[str, bytes | None] = field(default_factory=dict)
    run_exports: dict[str, bytes | None] = field(default_factory=dict)
    removed: dict[str, bool] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def applied(self, state: IndexState) -> IndexState:
        """`state` with them; itself where there are none."""
        if not (self.records or self.withheld):
            return state
        removed = {name for name in state.removed if self.removed.get(name, True)}
        removed |= {name for name, gone in self.removed.items() if gone}
        return replace(
            state,
            records=state.records.changed(self.records),
            withheld=state.withheld.changed(self.withheld),
            run_exports=state.run_exports.changed(self.run_exports),
            removed=tuple(sorted(removed)),
            touched=state.touched | {name.rsplit("-", 2)[0] for name in self.records},
        )


def _curate(state: IndexState, name: str, original: bytes, rules: _Rules, edits: _Edits) -> None:
    """Note what must change for one file; nothing where all is as it should be."""
    what = f"{state.subdir}/{REPODATA}"
    before = state.records.get(name)
    wanted: bytes | None
    if rules.yank:
        wanted, because = None, rules.yank.reason
    else:
        wanted, because = rules.record(original, state.read(original), what)
    kept = None if wanted == original else original
    if wanted != before:
        edits.records[name] = wanted
        edits.removed[name] = wanted is None
        told = {"run_exports": loaded(original, what).get("run_exports", {})}
        edits.run_exports[name] = None if wanted is None else dumped(told)
        did = _did(before, wanted, original)
        edits.changes.append(Change(did=did, key=f"{state.subdir}/{name}", because=because))
    if kept != state.withheld.get(name):
        edits.withheld[name] = kept


def _did(before: bytes | None, wanted: bytes | None, original: bytes) -> Did:
    if wanted is None:
        return Did.YANKED
    if before is None:
        return Did.UNYANKED
    return Did.UNPATCHED if wanted == original else Did.PATCHED


def _named(state: IndexState, patches: tuple[Patch, ...]) -> Iterator[str]:
    """The files of the packages that the patches name."""
    for name in sorted({patch.name for patch in patches}):
        yield from map(str, state.files_of(name))
