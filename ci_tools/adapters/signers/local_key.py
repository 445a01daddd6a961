"""Keys in files: ECDSA P-256, PKCS#8 in PEM, readable by their owner alone."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ci_tools.errors import TrustError, UsageError

if TYPE_CHECKING:
    from ci_tools.core.secret import Secret

SCHEME = "file:"
LONGEST = 16_384  # bytes; a P-256 key is below 500
OTHERS = stat.S_IRWXG | stat.S_IRWXO

# RFC 6979: equal payloads give equal signatures, and no bad random number can betray the key.
ALGORITHM = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class LocalKey:
    """A signer whose private key is in this process's memory."""

    __slots__ = ("_key", "_pem")

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self._pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def generated(cls) -> Self:
        """A new key that is kept nowhere."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key_pem(self) -> bytes:
        """The public half."""
        return self._pem

    def sign(self, payload: bytes) -> bytes:
        """The signature, DER."""
        return self._key.sign(payload, ALGORITHM)


def local_key(uri: str, base: Path = Path(), passphrase: Secret | None = None) -> LocalKey:
    """The signer of a `file:` URI; a relative path starts at `base`.

    TrustError where the file is missing, others may read it, it wants a passphrase and none came, or is no P-256 key.
    """
    path = key_path(uri, base)
    return LocalKey(_private_key(_owned(path), path, passphrase))


def key_path(uri: str, base: Path = Path()) -> Path:
    """Where the key of a `file:` URI lies; UsageError where it is another kind of URI."""
    if not uri.startswith(SCHEME):
        raise UsageError(f"`{uri}` is not a key file", hint="write it as file:<path>")
    return base / unquote(uri.removeprefix(SCHEME).removeprefix("//"))


def create_key(path: Path, passphrase: Secret | None = None) -> LocalKey:
    """A new key in a new file of mode 0600; FileExistsError where there is one: a key is never overwritten."""
    key = ec.generate_private_key(ec.SECP256R1())
    write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption(passphrase)), mode=0o600)
    return LocalKey(key)


def write_new(path: Path, body: bytes, mode: int) -> None:
    """Write a file that was not there before: whole or not at all; FileExistsError where there is one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike a rename, a link never replaces
    finally:
        Path(temporary).unlink()


def _owned(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise TrustError(f"`{path}` is not a file", hint="name the key's PEM file")
            if status.st_mode & OTHERS:
                raise TrustError(
                    f"others may read the key `{path}` (mode {stat.S_IMODE(status.st_mode):04o})",
                    hint=f"if nobody did: chmod 600 {path}; if somebody may have, make a new key",
                )
            return file.read(LONGEST)
    except FileNotFoundError as exc:
        raise TrustError(f"there is no key `{path}`", hint="make the channel's keys with `channel keys init`") from exc
    except OSError as exc:
        raise TrustError(
            f"the key `{path}` cannot be read", hint="it must belong to you and have mode 0600", detail=str(exc)
        ) from exc


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe of that name would wait for a writer for ever


def _private_key(pem: bytes, path: Path, passphrase: Secret | None) -> ec.EllipticCurvePrivateKey:
    password = passphrase.reveal().encode() if passphrase else None
    try:
        key = load_pem_private_key(pem, password if b"ENCRYPTED" in pem else None)
    except TypeError as exc:
        raise TrustError(f"the key `{path}` is encrypted", hint="give its passphrase") from exc
    except ValueError as exc:  # its text may quote the file: it is not repeated
        hint = "the passphrase is wrong or the file is damaged" if password else "it must be a PKCS#8 PEM file"
        raise TrustError(f"`{path}` holds no key that can be read", hint=hint) from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TrustError(f"the key `{path}` is not ECDSA P-256", hint="make one with `channel keys init`")
    return key


def _encryption(passphrase: Secret | None) -> KeySerializationEncryption:
    return BestAvailableEncryption(passphrase.reveal().encode()) if passphrase else NoEncryption()
