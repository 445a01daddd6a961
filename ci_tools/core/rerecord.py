"""Records made again from the packages themselves, and what that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ci_tools.core.layout import REPODATA
from ci_tools.core.receipt import Change, Did
from ci_tools.core.sheet import dumped, loaded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.repodata import IndexEntry, IndexState

UNKNOWN: Mapping[str, Any] = {}


def rerecorded(state: IndexState, entries: Iterable[IndexEntry]) -> tuple[IndexState, tuple[Change, ...]]:
    """The state in which these published files have the records of `entries`; patches are not applied to those yet.

    What is known of their builds stays, and so does whether they are yanked.
    """
    records: dict[str, bytes | None] = {}
    withheld: dict[str, bytes | None] = {}
    run_exports: dict[str, bytes | None] = {}
    changes = []
    for entry in sorted(entries, key=lambda entry: str(entry.filename)):
        name, after = str(entry.filename), entry.record_json()
        kept = state.withheld.get(name)
        before = kept or state.records.get(name)
        told = dumped({"run_exports": entry.run_exports.to_json()})
        listed = state.records.get(name) is not None
        if listed and state.run_exports.get(name) != told:
            run_exports[name] = told
        if before is None or before == after:
            continue
        (records if kept is None else withheld)[name] = after
        because = ", ".join(_differing(state, before, after))
        changes.append(Change(did=Did.RECORDED, key=f"{state.subdir}/{name}", because=because))
    if not (records or withheld or run_exports):
        return state, ()
    after_state = replace(
        state,
        records=state.records.changed(records),
        withheld=state.withheld.changed(withheld),
        run_exports=state.run_exports.changed(run_exports),
        touched=state.touched | {name.rsplit("-", 2)[0] for name in records},
    )
    return after_state, tuple(changes)


def _differing(state: IndexState, before: bytes, after: bytes) -> list[str]:
    old, new = (loaded(text, f"{state.subdir}/{REPODATA}") for text in (before, after))
    return sorted(name for name in old.keys() | new.keys() if old.get(name, UNKNOWN) != new.get(name, UNKNOWN))
