"""A channel's keys in files or in KMS, and what is published of them in a folder of its own."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.signers.aws_kms import MAKE, SCHEME, AwsKmsKey
from ci_tools.adapters.signers.local_key import LocalKey, create_key, key_path, local_key, write_new
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.keyset import KeyName
    from ci_tools.core.secret import Secret
    from ci_tools.ports import Keystore, Signer

RACE = "another run may be making keys here: run this again"


class KeyFiles:
    """A keystore. `uris` says where each key is (`file:<path>`, `awskms:<key>`).

    Relative paths, also `public`, start at `base`.
    """

    def __init__(
        self, uris: Mapping[KeyName, str], public: Path, base: Path = Path(), passphrase: Secret | None = None
    ) -> None:
        self._uris = uris
        self._base = base
        self._public = base / public
        self._passphrase = passphrase

    def signer(self, name: KeyName) -> Signer | None:
        return self.signer_at(self._uris[name])

    def create(self, name: KeyName) -> Signer:
        return self.create_at(self._uris[name])

    def signer_at(self, uri: str) -> Signer | None:
        if uri.startswith(SCHEME):
            return AwsKmsKey(uri)
        return local_key(uri, self._base, self._passphrase) if key_path(uri, self._base).exists() else None

    def create_at(self, uri: str) -> Signer:
        if uri.startswith(SCHEME):
            raise TrustError(f"keys like `{uri}` are made in AWS", hint=MAKE)
        path = key_path(uri, self._base)
        with _writing(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return create_key(path, self._passphrase)

    def published(self, name: str) -> bytes | None:
        try:
            return (self._public / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise TrustError(f"`{self._public / name}` cannot be read", hint="check the file", detail=str(exc)) from exc

    def listed(self) -> tuple[str, ...]:
        try:
            return tuple(sorted(path.name for path in self._public.iterdir() if not path.name.startswith(".")))
        except FileNotFoundError:
            return ()
        except OSError as exc:
            raise TrustError(f"`{self._public}` cannot be read", hint="check the folder", detail=str(exc)) from exc

    def publish(self, name: str, body: bytes) -> None:
        with _writing(self._public / name):
            self._public.mkdir(parents=True, exist_ok=True)
            write_new(self._public / name, body, mode=0o644)

    def replace(self, name: str, body: bytes) -> None:
        write_over(self._public / name, body)

    def remove(self, name: str) -> None:
        with _writing(self._public / name):
            (self._public / name).unlink(missing_ok=True)


def write_over(path: Path, body: bytes) -> None:
    """Write a public file, in the place of one that is there, whole or not at all."""
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as exc:
        raise TrustError(f"there is a `{path}` already", hint=RACE) from exc
    except OSError as exc:
        raise TrustError(f"`{path}` cannot be written", hint="check the folder", detail=str(exc)) from exc


class RehearsedKeys:
    """A keystore that begins as another and keeps what is made in memory, for as long as it lives."""

    def __init__(self, found: Keystore) -> None:
        self._found = found
        self._made: dict[str, Signer] = {}
        self._documents: dict[str, bytes | None] = {}

    def signer(self, name: KeyName) -> Signer | None:
        return self._made.get(name) or self._found.signer(name)

    def create(self, name: KeyName) -> Signer:
        if self.signer(name) is not None:
            raise TrustError(f"there is a {name} key already", hint=RACE)
        return self._made.setdefault(name, LocalKey.generated())

    def signer_at(self, uri: str) -> Signer | None:
        return self._made.get(uri) or self._found.signer_at(uri)

    def create_at(self, uri: str) -> Signer:
        if self.signer_at(uri) is not None:
            raise TrustError(f"there is a key `{uri}` already", hint=RACE)
        return self._made.setdefault(uri, LocalKey.generated())

    def published(self, name: str) -> bytes | None:
        return self._documents[name] if name in self._documents else self._found.published(name)

    def listed(self) -> tuple[str, ...]:
        names = {*self._found.listed(), *self._documents}
        return tuple(sorted(name for name in names if self.published(name) is not None))

    def publish(self, name: str, body: bytes) -> None:
        if self.published(name) is not None:
            raise TrustError(f"there is a `{name}` already", hint=RACE)
        self._documents[name] = body

    def replace(self, name: str, body: bytes) -> None:
        self._documents[name] = body

    def remove(self, name: str) -> None:
        self._documents[name] = None
