"""A channel's keys in files: private ones for their owner alone, public ones in a folder of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.signers.local_key import LocalKey, create_key, key_path, local_key, write_new
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.keyset import KeyName, PublicName
    from ci_tools.core.secret import Secret
    from ci_tools.ports import Keystore, Signer

RACE = "another run may be making keys here: run this again"


class KeyFiles:
    """A keystore. `uris` says where each key is (`file:<path>`); relative paths, also `public`, start at `base`."""

    def __init__(
        self, uris: Mapping[KeyName, str], public: Path, base: Path = Path(), passphrase: Secret | None = None
    ) -> None:
        self._uris = uris
        self._base = base
        self._public = base / public
        self._passphrase = passphrase

    def signer(self, name: KeyName) -> LocalKey | None:
        if not key_path(self._uris[name], self._base).exists():
            return None
        return local_key(self._uris[name], self._base, self._passphrase)

    def create(self, name: KeyName) -> LocalKey:
        path = key_path(self._uris[name], self._base)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return create_key(path, self._passphrase)
        except FileExistsError as exc:
            raise TrustError(f"there is a key `{path}` already", hint=RACE) from exc
        except OSError as exc:
            raise TrustError(f"the key `{path}` cannot be written", hint="check the folder", detail=str(exc)) from exc

    def published(self, name: PublicName) -> bytes | None:
        try:
            return (self._public / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise TrustError(f"`{self._public / name}` cannot be read", hint="check the file", detail=str(exc)) from exc

    def publish(self, name: PublicName, body: bytes) -> None:
        try:
            self._public.mkdir(parents=True, exist_ok=True)
            write_new(self._public / name, body, mode=0o644)
        except FileExistsError as exc:
            raise TrustError(f"there is a `{self._public / name}` already", hint=RACE) from exc
        except OSError as exc:
            detail = str(exc)
            raise TrustError(
                f"`{self._public / name}` cannot be written", hint="check the folder", detail=detail
            ) from exc


class RehearsedKeys:
    """A keystore that begins as another and keeps what is made in memory, for as long as it lives."""

    def __init__(self, found: Keystore) -> None:
        self._found = found
        self._made: dict[KeyName, LocalKey] = {}
        self._documents: dict[PublicName, bytes] = {}

    def signer(self, name: KeyName) -> Signer | None:
        return self._made.get(name) or self._found.signer(name)

    def create(self, name: KeyName) -> LocalKey:
        if self.signer(name) is not None:
            raise TrustError(f"there is a {name} key already", hint=RACE)
        return self._made.setdefault(name, LocalKey.generated())

    def published(self, name: PublicName) -> bytes | None:
        return self._documents.get(name) or self._found.published(name)

    def publish(self, name: PublicName, body: bytes) -> None:
        if self.published(name) is not None:
            raise TrustError(f"there is a `{name}` already", hint=RACE)
        self._documents[name] = body
