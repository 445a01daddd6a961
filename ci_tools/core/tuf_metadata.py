"""One TUF document: signed, written and read back by the rules of The Update Framework 1.0.31."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from securesystemslib.signer import Signature, SSlibKey
from tuf.api.exceptions import LengthOrHashMismatchError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from ci_tools.core.signing import Signer, public_key
from ci_tools.core.strict_json import parse_object
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from datetime import datetime

# What a reader takes at most before anything is verified, in bytes; ours are below 3 KB.
LIMITS = {Root.type: 512_000, Timestamp.type: 16_384, Snapshot.type: 2_000_000, Targets.type: 5_000_000}

Role = TypeVar("Role", Root, Timestamp, Snapshot, Targets)


def tuf_key(signer: Signer) -> SSlibKey:
    """The public half as TUF writes it."""
    return public_tuf_key(signer.public_key_pem)


def public_tuf_key(pem: bytes) -> SSlibKey:
    """The same of a public key in PEM."""
    return SSlibKey.from_crypto(public_key(pem))


def signed_bytes(signed: Signed, *signers: Signer) -> bytes:
    """The document with a signature of each signer; sorted keys, fixed separators."""
    document: Metadata[Any] = Metadata(signed)
    for signer in signers:
        sign_with(document, signer)
    return document.to_bytes(JSONSerializer(compact=True))


def sign_with(document: Metadata[Any], signer: Signer) -> None:
    """Add the signer's signature, DER in hex (the specification's `ecdsa-sha2-nistp256`).

    The signer's own errors come through, which the library's `Metadata.sign` would wrap.
    """
    key = tuf_key(signer)
    document.signatures[key.keyid] = Signature(key.keyid, signer.sign(document.signed_bytes).hex())


def load(role: type[Role], body: bytes, name: str) -> Metadata[Role]:
    """The document, not verified; TrustError where it is too long, ambiguous, malformed or another role's."""
    if len(body) > LIMITS[role.type]:
        raise TrustError(f"`{name}` is longer than {LIMITS[role.type]} bytes", hint="no channel of ours writes that")
    raw = parse_object(body, f"`{name}`")
    try:
        document: Metadata[Role] = Metadata.from_dict(raw)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:  # what tuf's reader lets through on odd input
        raise TrustError(f"`{name}` is not TUF metadata", hint="fetch it again", detail=repr(exc)) from exc
    if document.signed.type != role.type:
        raise TrustError(f"`{name}` is a {document.signed.type}, not a {role.type}", hint="somebody swapped files")
    return document


def stated_expiry(body: bytes) -> datetime:
    """Until when a timestamp says that it holds: NOT verified, good only for tidying up after it."""
    return load(Timestamp, body, "a timestamp").signed.expires


def verified(delegator: Root, document: Metadata[Role], name: str) -> Role:
    """What the document says, if `delegator` vouches for its signers."""
    role = document.signed.type
    try:
        delegator.verify_delegate(role, document.signed_bytes, document.signatures)
    except (UnsignedMetadataError, ValueError) as exc:
        raise TrustError(
            f"`{name}` is forged: root {delegator.version} does not trust its signature for {role}",
            hint="do not use this copy; where the channel's keys were changed, it must also serve a newer root",
            detail=str(exc),
        ) from exc
    return document.signed


def require_match(meta: MetaFile, body: bytes, name: str, named_by: str) -> None:
    """Refuse bytes other than those that an already verified document names."""
    try:
        meta.verify_length_and_hashes(body)
    except LengthOrHashMismatchError as exc:
        raise TrustError(
            f"`{name}` is not the one that {named_by} names (mix-and-match, or it was altered)",
            hint="try again in a minute; if it stays so, the copy was put together from several",
            detail=str(exc),
        ) from exc


def require_version(version: int, meta: MetaFile, name: str, named_by: str) -> None:
    """Refuse another version than an already verified document names."""
    if version != meta.version:
        raise TrustError(
            f"`{name}` is version {version}, {named_by} names version {meta.version} (mix-and-match)",
            hint="try again in a minute; if it stays so, the copy was put together from several",
        )


def require_fresh(expires: datetime, now: datetime, name: str, mended_by: str = "a publish renews it") -> None:
    """Refuse what is past its expiry: the only defence against a copy that stands still."""
    if now >= expires:
        raise TrustError(
            f"`{name}` expired on {expires:%Y-%m-%d %H:%M} UTC (freeze)",
            hint=f"{mended_by}; if that was done already, this copy is an old one",
        )
