"""What a long run remembers, in a file that only grows until the run is through."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OURS = 0o700  # the folder's mode: nobody else may plant what we believe


class FileNotebook:
    """One line a note; a line that was cut off by a death is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=OURS)
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            with suppress(ValueError):
                key, etag, body = json.loads(line)
                self._notes[key, etag] = body

    def recall(self, key: str, etag: str) -> bytes | None:
        body = self._notes.get((key, etag))
        return None if body is None else body.encode()

    def note(self, key: str, etag: str, body: bytes) -> None:
        line = json.dumps((key, etag, body.decode()))
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")  # the line before may have been cut off

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
