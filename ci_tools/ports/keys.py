"""What signs, and where keys are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ci_tools.core.keyset import KeyName


class Signer(Protocol):
    """A private ECDSA P-256 key that never leaves its place. Chosen by URI: `file:`, `awskms:`."""

    @property
    def public_key_pem(self) -> bytes:
        """The public half, SubjectPublicKeyInfo in PEM."""

    def sign(self, payload: bytes) -> bytes:
        """ECDSA over the SHA-256 of `payload`, ASN.1 DER. Raises TrustError where the key refuses."""


class Keystore(Protocol):
    """A channel's keys, and what is published of them, in one place. No key in it is ever replaced."""

    def signer(self, name: KeyName) -> Signer | None:
        """The key; None where there is none. TrustError where it is there and cannot be used."""

    def create(self, name: KeyName) -> Signer:
        """A new key, kept from now on, whole or not at all; TrustError where there is one already."""

    def signer_at(self, uri: str) -> Signer | None:
        """The key that a URI names, as `signer`."""

    def create_at(self, uri: str) -> Signer:
        """A new key where a URI says, as `create`."""

    def published(self, name: str) -> bytes | None:
        """The public document; None where there is none yet."""

    def listed(self) -> tuple[str, ...]:
        """The names of all public documents, sorted."""

    def publish(self, name: str, body: bytes) -> None:
        """Keep a public document, whole or not at all; TrustError where there is one already."""

    def replace(self, name: str, body: bytes) -> None:
        """Keep a public document in the place of another, whole or not at all."""

    def remove(self, name: str) -> None:
        """Forget a public document; it is no error where there is none."""
