"""The yanks as a YAML file that people review, .github/yanked.yaml."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.yaml_lists import YamlList, read_text, replace_text
from ci_tools.core.curation import Yank
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

YANKED = "yanked"
HEADER = """\
# Published packages that are not to be installed. Each leaves the index with the next publish, or at once with
# `channel index refresh`; its file stays, and so does its name. `until` it comes back by itself (UTC).
yanked:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class YankFile:
    """`path` on this machine; `shown` is what people call it. `parse` reads the bytes of such a file, strictly."""

    path: Path
    shown: str
    parse: Callable[[bytes, str], tuple[Yank, ...]]

    def yanks(self) -> tuple[Yank, ...]:
        return self.parse(read_text(self.path, self.shown).encode(), self.shown)

    def add(self, yanks: Iterable[Yank]) -> None:
        known, text = self.yanks(), read_text(self.path, self.shown) or HEADER
        fresh = tuple(yanks)
        for yank in fresh:
            text = self._list.with_entry(text, lambda indent, yank=yank: _entry(yank, indent))  # type: ignore[misc] # mypy knows no defaults in lambdas
        self._replace(text, (*known, *fresh))

    def remove(self, keys: Iterable[str]) -> None:
        gone, text = frozenset(keys), read_text(self.path, self.shown)
        after = tuple(yank for yank in self.yanks() if yank.key not in gone)
        for key in sorted(gone):
            text = self._list.without_entry(text, "package", key)
        self._replace(text, after)

    @property
    def _list(self) -> YamlList:
        return YamlList(key=YANKED, shown=self.shown)

    def _replace(self, text: str, expected: tuple[Yank, ...]) -> None:
        try:
            means = self.parse(text.encode(), self.shown)
        except UsageError:
            means = ()
        if means != expected:  # an edit by lines must not change what it did not mean to
            raise UsageError(f"`{self.shown}` is laid out in a way that cannot be edited", hint="edit it by hand")
        replace_text(self.path, text)


class RememberedYanks:
    """Yanks that are only remembered: what a dry run changes instead of the file."""

    def __init__(self, yanks: Iterable[Yank] = ()) -> None:
        self._yanks = tuple(yanks)

    def yanks(self) -> tuple[Yank, ...]:
        return self._yanks

    def add(self, yanks: Iterable[Yank]) -> None:
        self._yanks = (*self._yanks, *yanks)

    def remove(self, keys: Iterable[str]) -> None:
        gone = frozenset(keys)
        self._yanks = tuple(yank for yank in self._yanks if yank.key not in gone)


def _entry(yank: Yank, indent: int) -> list[str]:
    lead, rest = " " * indent + "- ", " " * (indent + 2)
    lines = [f"{lead}package: {yank.key}", f"{rest}reason: {json.dumps(yank.reason, ensure_ascii=False)}"]
    if yank.until:
        until = yank.until.astimezone(UTC)
        midnight = (until.hour, until.minute, until.second, until.microsecond) == (0, 0, 0, 0)
        lines.append(f"{rest}until: {until:%Y-%m-%d}" if midnight else f"{rest}until: {until:%Y-%m-%dT%H:%M:%SZ}")
    return lines
