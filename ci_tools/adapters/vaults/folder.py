"""A folder as vault, for the edge on this machine: files and folders that nobody else may read."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.secret import Secret
from ci_tools.errors import ConflictError, StoreError
from ci_tools.ports.rotation import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderVault:
    """The secrets below `root`, a file each; its version is the hash of what it holds."""

    root: Path

    def read(self, name: str) -> Kept | None:
        try:
            body = self._path(name).read_bytes()
            return Kept(text=Secret(body.decode()), version=sha256(body).hexdigest())
        except (FileNotFoundError, IsADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as exc:
            raise StoreError(f"the secret `{name}` cannot be read", hint=f"look at {self.root}") from exc

    def write(self, name: str, text: Secret, replaces: str) -> str:
        path, body = self._path(name), text.reveal().encode()
        with self._alone(path):
            present = self.read(name)
            if (present.version if present else "") != replaces:
                raise ConflictError(f"somebody else has changed the secret `{name}`", hint="run it again")
            handle, there = tempfile.mkstemp(dir=path.parent, prefix=".")  # 0600 from birth
            with os.fdopen(handle, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            os.replace(there, path)  # noqa: PTH105 (mkstemp gives a name)
        return sha256(body).hexdigest()

    def _path(self, name: str) -> Path:
        if not name or any(part in {"", ".", ".."} for part in name.split("/")):
            raise StoreError("this is not the name of a secret")
        return self.root / name

    @contextmanager
    def _alone(self, path: Path) -> Iterator[None]:
        for folder in (*reversed(path.parent.relative_to(self.root).parents), path.parent.relative_to(self.root)):
            (self.root / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
