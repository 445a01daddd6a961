"""What changes in the index, record by record, as lines of a diff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_tools.core.curation import Curation, curated
from ci_tools.core.layout import REPODATA
from ci_tools.core.receipt import Did
from ci_tools.core.sheet import dumped, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.repodata import IndexState


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDiff:
    """One record that would read otherwise. `lines` are `- field: value` and `+ field: value`, values as JSON."""

    key: str
    did: Did
    because: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDiff:
    """Every record that would read otherwise, in order of the keys."""

    records: tuple[RecordDiff, ...] = ()


def curation_diff(state: IndexState, curation: Curation) -> Iterator[RecordDiff]:
    """What `curation` would change in one subdir."""
    after, changes = curated(state, curation)
    what = f"{state.subdir}/{REPODATA}"
    for change in changes:
        name = change.key.partition("/")[2]
        old, new = (loaded(each.records.get(name), what) for each in (state, after))
        lines = tuple(record_lines(old, new)) if old and new else ()
        yield RecordDiff(key=change.key, did=change.did, because=change.because, lines=lines)


def record_lines(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """`- field: value` and `+ field: value` of all that differs, lists item by item."""
    for name in sorted(old.keys() | new.keys()):
        before, after = (_texts(record.get(name)) for record in (old, new))
        yield from (f"- {name}: {text}" for text in before if text not in after)
        yield from (f"+ {name}: {text}" for text in after if text not in before)


def _texts(value: object) -> list[str]:
    """A list item by item, anything else as one."""
    if value is None:
        return []
    return [dumped(item).decode() for item in (value if isinstance(value, list) else [value])]
