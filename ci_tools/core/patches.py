"""A repodata patch: for packages that a match spec means, other dependencies, features or licence than they have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ci_tools.core.inputs import name_of
from ci_tools.core.package import Subdir

LISTS = ("depends", "constrains", "track_features")
NAME = re.compile(r"\s*([A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """How a list of texts changes: replaced, removed, added, in this order.

    What is to be replaced or removed is the whole text, or a package's name alone, which means every spec of it.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replace: Mapping[str, str] = field(default_factory=dict)

    def applied(self, before: Iterable[str]) -> list[str]:
        """The list after the change; nothing is added twice, the order of the rest stays."""
        replaced = [next((new for old, new in self.replace.items() if _means(old, text)), text) for text in before]
        left = [text for text in replaced if not any(_means(old, text) for old in self.remove)]
        return list(dict.fromkeys((*left, *self.add)))

    def to_json(self) -> dict[str, Any]:
        """What it does, without what it does not."""
        said = {"add": list(self.add), "remove": list(self.remove), "replace": dict(self.replace)}
        return {key: value for key, value in said.items() if value}


def _means(old: str, text: str) -> bool:
    return old == text or (old == name_of(old) == name_of(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One change. `where` is the file and line that say it; no `subdirs` means all; None leaves a thing as it is."""

    match: str
    where: str = ""
    reason: str = ""
    subdirs: tuple[Subdir, ...] = ()
    depends: ListChange | None = None
    constrains: ListChange | None = None
    track_features: ListChange | None = None
    license: str | None = None

    @property
    def name(self) -> str:
        """The package that it is about; empty where the match spec names none."""
        found = NAME.match(self.match)
        return found[1].lower() if found else ""

    def concerns(self, subdir: Subdir) -> bool:
        """Whether it is meant for packages of `subdir`."""
        return not self.subdirs or subdir in self.subdirs

    def applied(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record after the patch; whatever it does not name, the digests above all, stays as it is."""
        after = dict(record)
        for name in LISTS:
            change: ListChange | None = getattr(self, name)
            if change is not None:
                _put(after, name, change.applied(_texts(record.get(name))))
        if self.license is not None:
            after["license"] = self.license
        return after

    def to_json(self) -> dict[str, Any]:
        """What curation.json says of it."""
        lists = {name: change.to_json() for name in LISTS if (change := getattr(self, name)) is not None}
        rest = {"license": self.license, "reason": self.reason, "subdirs": [s.value for s in self.subdirs]}
        return {"match": self.match, **lists, **{key: value for key, value in rest.items() if value}}


def _texts(value: object) -> list[str]:
    """A list as records have it; track_features is one text with blanks between."""
    return value.split() if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else []


def _put(record: dict[str, Any], name: str, texts: list[str]) -> None:
    if name == "track_features":
        record[name] = " ".join(texts)
    else:
        record[name] = texts
    if not texts and name != "depends":  # CEP 36: `depends` is always there
        del record[name]
