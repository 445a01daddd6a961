"""Packages fetched for builds, in a folder that is a channel."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.builders import collected
from ci_tools.core.layout import checked_key
from ci_tools.errors import BuildError, TrustError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPantry:
    """The pantry in the folder `root`, which nothing else lies in."""

    root: Path

    @property
    def url(self) -> str:
        return self.root.absolute().as_uri()

    def has(self, key: str, sha256: str) -> bool:
        path = self.root / checked_key(key)
        return path.is_file() and not path.is_symlink() and collected.sha256(path) == sha256

    def take(self, key: str, chunks: Iterable[bytes], sha256: str) -> None:
        path = self.root / checked_key(key)
        part = path.with_name(path.name + PART)
        digest = hashlib.sha256()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.writelines(_hashed(chunks, digest.update))
            if digest.hexdigest() != sha256:
                raise TrustError(f"`{key}` is not what the channel's index says", hint="look at it: channel verify")
            part.replace(path)
        except OSError as exc:
            raise BuildError(f"`{path}` cannot be written: {exc.strerror}", hint="look at the disk and modes") from exc
        finally:
            part.unlink(missing_ok=True)

    def settle(self, documents: Mapping[str, bytes], packages: Iterable[str]) -> None:
        shutil.rmtree(self.root / ".tmp", ignore_errors=True)
        keep = {self.root / key for key in (*documents, *packages)}
        for path in [*self.root.rglob("*")]:
            if path not in keep and not (path.is_dir() and not path.is_symlink()):
                path.unlink()
        for key, body in documents.items():
            path = self.root / checked_key(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)


def _hashed(chunks: Iterable[bytes], update: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        update(chunk)
        yield chunk
