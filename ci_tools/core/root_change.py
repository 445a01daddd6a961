"""The next root: what is to change in who speaks for a channel, and whose signatures it still lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from ci_tools.core.signing import key_id, public_key
from ci_tools.core.tuf_metadata import load, public_tuf_key, sign_with, tuf_key
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from securesystemslib.signer import Key

    from ci_tools.core.signing import Signer

ONLINE = (Targets.type, Snapshot.type, Timestamp.type)
DRAFT = "the draft of the root"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootChange:
    """What the next root says otherwise. Keys are public ones in PEM; fingerprints are lower hex, whole or their begin.

    `holders` are the root keys from now on, empty where they stay; `threshold` how many of them must sign, 0 where it
    stays (and 1 for a first root).
    """

    admit: tuple[bytes, ...] = ()
    dismiss: tuple[str, ...] = ()
    holders: tuple[bytes, ...] = ()
    threshold: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RootStanding:
    """What a root says and whose signatures it has. Keys are fingerprints; `lacking` counts signatures to come.

    `lacking_before` are those of the root before it, whose holders must agree as well (TUF 5.3.4).
    """

    version: int
    expires: datetime
    threshold: int
    holders: tuple[str, ...]
    online: tuple[str, ...]
    signed_by: tuple[str, ...]
    lacking: int
    lacking_before: int

    @property
    def is_complete(self) -> bool:
        """Whether clients would take it."""
        return self.lacking == self.lacking_before == 0


def drafted(previous: bytes | None, change: RootChange, expires: datetime) -> bytes:
    """The next root, unsigned; the first where there is no previous one. TrustError where nobody could sign by it."""
    signed = load(Root, previous, "the present root").signed if previous else Root(1, consistent_snapshot=True)
    signed.version += 1 if previous else 0
    signed.expires = expires.replace(microsecond=0)
    for pem in change.admit:
        for role in ONLINE:
            signed.add_key(public_tuf_key(pem), role)
    _dismiss(signed, change.dismiss)
    _hold(signed, change.holders)
    own = signed.roles[Root.type]
    own.threshold = change.threshold or own.threshold
    _require_usable(signed)
    return Metadata(signed).to_bytes(JSONSerializer(compact=True))


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether both roots let the same keys speak, whatever their versions, expiries and signatures."""
    return _roles(one) == _roles(other)


def remaining(change: RootChange, roots: Sequence[bytes]) -> RootChange:
    """`change` without the dismissals that are done: of keys that an earlier root named and the newest does not."""
    *earlier, newest = (_online(root) for root in roots)
    past = {key for keys in earlier for key in keys}
    todo = (b for b in change.dismiss if _begins(newest, b) or not _begins(past, b))
    return replace(change, dismiss=tuple(todo))


def countersigned(draft: bytes, previous: bytes | None, signer: Signer) -> bytes:
    """The draft with one signature more; TrustError where this key has no say in it."""
    document = load(Root, draft, DRAFT)
    entitled = set(document.signed.roles[Root.type].keyids)
    if previous is not None:
        entitled |= set(load(Root, previous, "the present root").signed.roles[Root.type].keyids)
    if tuf_key(signer).keyid not in entitled:
        raise TrustError(
            f"the key {_fingerprint(signer.public_key_pem)[:16]} is no root key of this channel",
            hint="name the root key that you hold with --key",
        )
    sign_with(document, signer)
    return document.to_bytes(JSONSerializer(compact=True))


def merged(copies: Sequence[bytes]) -> bytes:
    """One draft with the signatures of all copies; TrustError where they are copies of different things."""
    first, *others = (load(Root, copy, DRAFT) for copy in copies)
    for other in others:
        if other.signed_bytes != first.signed_bytes:
            raise TrustError("these files are drafts of different roots", hint="sign copies of one and the same draft")
        first.signatures.update(other.signatures)
    return first.to_bytes(JSONSerializer(compact=True))


def standing(body: bytes, previous: bytes | None) -> RootStanding:
    """What this root says, and whose signatures it has and lacks; signatures that do not hold count for nothing."""
    document = load(Root, body, DRAFT)
    root, before = document.signed, load(Root, previous, "the present root").signed if previous else None
    own = root.get_verification_result(Root.type, document.signed_bytes, document.signatures)
    theirs = before.get_verification_result(Root.type, document.signed_bytes, document.signatures) if before else None
    signers = own.signed | ({} if theirs is None else theirs.signed)
    return RootStanding(
        version=root.version,
        expires=root.expires,
        threshold=root.roles[Root.type].threshold,
        holders=_fingerprints(root.keys[keyid] for keyid in root.roles[Root.type].keyids),
        online=_fingerprints(root.keys[keyid] for keyid in root.roles[Timestamp.type].keyids),
        signed_by=_fingerprints(key for key in signers.values()),
        lacking=own.missing,
        lacking_before=0 if theirs is None else theirs.missing,  # a result is false where it is not verified
    )


def _dismiss(signed: Root, fingerprints: Iterable[str]) -> None:
    for begin in fingerprints:
        keyids = {keyid for role in ONLINE for keyid in signed.roles[role].keyids}
        matching = [keyid for keyid in keyids if _told(signed.keys[keyid]).startswith(begin)]
        if len(matching) != 1:
            raise TrustError(
                f"{len(matching) or 'no'} online keys of the root begin with {begin}",
                hint="`channel keys list` shows the fingerprints",
            )
        for role in ONLINE:
            signed.revoke_key(matching[0], role)


def _hold(signed: Root, holders: Sequence[bytes]) -> None:
    if not holders:
        return
    for keyid in tuple(signed.roles[Root.type].keyids):
        signed.revoke_key(keyid, Root.type)
    for pem in holders:
        signed.add_key(public_tuf_key(pem), Root.type)


def _require_usable(signed: Root) -> None:
    role = signed.roles[Root.type]
    if not 1 <= role.threshold <= len(role.keyids):
        raise TrustError(
            f"{role.threshold} of {len(role.keyids)} root keys can never sign",
            hint="the threshold is at least 1 and at most the number of root keys",
        )
    if not all(signed.roles[name].keyids for name in ONLINE):
        raise TrustError("that would leave no online key", hint="admit the new one first: `channel keys rotate online`")


def _online(body: bytes) -> tuple[str, ...]:
    root = load(Root, body, "the root").signed
    return _fingerprints(root.keys[keyid] for keyid in root.roles[Timestamp.type].keyids)


def _begins(fingerprints: Iterable[str], begin: str) -> bool:
    return any(each.startswith(begin) for each in fingerprints)


def _roles(body: bytes) -> dict[str, Any]:
    signed = load(Root, body, "the root").signed
    return {name: (sorted(role.keyids), role.threshold) for name, role in signed.roles.items()}


def _fingerprints(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted(_told(key) for key in keys))


def _told(key: Key) -> str:
    return _fingerprint(key.keyval["public"].encode())


def _fingerprint(pem: bytes) -> str:
    return key_id(public_key(pem)).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class RootReport:
    """How a change of the root stands. `enacted` is False while signatures are lacking, or where nothing changed."""

    channel: str
    root: RootStanding
    enacted: bool
    changed: bool
