"""Our records against those that another indexer made of the same packages."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ci_tools.core.layout import REPODATA
from ci_tools.core.package import Filename, PackageRecord, RunExports
from ci_tools.core.receipt import Did
from ci_tools.core.record_diff import RecordDiff, record_lines
from ci_tools.core.repodata import IndexEntry, IndexState
from ci_tools.core.sheet import loaded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.sheet import Sheet

# What only we know (CEP 50), and what the subdir says already; conda-index leaves these two out.
NOT_COMPARED = frozenset({"attestations_sha256", "arch", "platform"})
COMPARED = frozenset(field.name for field in fields(PackageRecord)) - NOT_COMPARED
ABSENT = "the other indexer does not list it"


def differing(state: IndexState, repodata: bytes) -> Iterator[RecordDiff]:
    """Every record of ours, before patches, that the other one has otherwise or not at all."""
    other = IndexState.parse(state.subdir, {REPODATA: repodata}).records
    for name, ours in _originals(state):
        key, theirs = f"{state.subdir}/{name}", _said(other, name, state)
        if theirs is None:
            yield RecordDiff(key=key, did=Did.RECORDED, because=ABSENT, lines=())
        elif lines := tuple(record_lines(_compared(ours), _compared(theirs))):
            yield RecordDiff(key=key, did=Did.RECORDED, because="", lines=lines)


def opinions(state: IndexState, repodata: bytes) -> Iterator[IndexEntry]:
    """The other one's records of our packages, where they differ; attestations and run exports are ours."""
    other = IndexState.parse(state.subdir, {REPODATA: repodata}).records
    for name, ours in _originals(state):
        theirs = _said(other, name, state)
        if theirs is None or _compared(theirs) == _compared(ours):
            continue
        kept = {name: ours[name] for name in NOT_COMPARED if name in ours}
        record = PackageRecord.from_json({"build_number": 0, **_compared(theirs), **kept, "subdir": state.subdir})
        exports = {kind: tuple(specs) for kind, specs in ours.get("run_exports", {}).items()}
        yield IndexEntry(
            filename=Filename.parse(name),
            record=record,
            run_exports=RunExports(**exports),
        )


def _originals(state: IndexState) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for filename in (*state.filenames, *state.yanked):
        name = str(filename)
        text = state.withheld.get(name) or state.records.get(name)
        yield name, loaded(text, f"{state.subdir}/{REPODATA}")


def _said(other: Sheet, name: str, state: IndexState) -> Mapping[str, Any] | None:
    text = other.get(name)
    return None if text is None else loaded(text, f"the other {state.subdir}/{REPODATA}")


def _compared(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What both must agree on: the fields that clients know, in one spelling."""
    said = {name: value for name, value in record.items() if name in COMPARED and not _says_nothing(value)}
    if "track_features" in said:
        said["track_features"] = _features(said["track_features"])
    return said


def _says_nothing(value: object) -> bool:
    return value is None or value is False or value in ("", [])


def _features(value: object) -> str:
    texts = value if isinstance(value, list) else str(value).replace(",", " ").split()
    return " ".join(map(str, texts))
