"""Renderings of earlier runs, in one file that may be lost, cut short or deleted at any time."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

MOST = 100_000  # renderings that are kept, the latest ones
AT_ONCE = 500  # keys of one question; SQLite takes 999 on old systems
WAIT = 2.0  # seconds for another run that writes
TABLE = "CREATE TABLE IF NOT EXISTS renderings (key TEXT PRIMARY KEY, line BLOB NOT NULL)"


@dataclass(frozen=True, slots=True)
class RenderingCache:
    """Key -> a line. Whatever goes wrong with the file, nothing is remembered, and that is all."""

    file: Path

    def lines(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """What is kept under `keys`."""
        found: dict[str, bytes] = {}
        if not self.file.is_file():
            return found
        try:
            with self._opened() as base:
                for part in _parts(keys):
                    marks = ",".join("?" * len(part))
                    question = f"SELECT key, line FROM renderings WHERE key IN ({marks})"  # noqa: S608 (only marks)
                    found.update(base.execute(question, part).fetchall())
        except sqlite3.Error:
            self._forget()
        return found

    def keep(self, lines: Mapping[str, bytes]) -> None:
        """Keep the lines, and of all only the latest."""
        if not lines:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._opened() as base, base:
                base.execute(TABLE)
                base.executemany("INSERT OR REPLACE INTO renderings VALUES (?, ?)", lines.items())
                base.execute(
                    "DELETE FROM renderings WHERE rowid <= (SELECT max(rowid) FROM renderings) - ?", (MOST,)
                )  # fmt: skip
        except OSError:
            return
        except sqlite3.DatabaseError as exc:
            if not isinstance(exc, sqlite3.OperationalError):  # busy or read only is no reason to forget
                self._forget()

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return closing(sqlite3.connect(self.file, timeout=WAIT))

    def _forget(self) -> None:
        with suppress(OSError):
            self.file.unlink(missing_ok=True)


def _parts(keys: Sequence[str]) -> Iterator[list[str]]:
    known = list(dict.fromkeys(keys))
    yield from (known[at : at + AT_ONCE] for at in range(0, len(known), AT_ONCE))
