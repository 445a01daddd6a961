"""The TUF root: which keys speak for a channel. Clients pin its first version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from ci_tools.core.tuf_metadata import load, signed_bytes, tuf_key

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ci_tools.core.signing import Signer


def first_root(root: Signer, online: Signer, now: datetime, lifetime: timedelta) -> bytes:
    """`1.root.json`: the root key vouches for itself and for the online key, which signs everything else.

    Consistent snapshots: a client asks for every document under its version or hash, so no cache can mix two.
    """
    signed = Root(1, expires=now + lifetime, consistent_snapshot=True)
    signed.add_key(tuf_key(root), Root.type)
    for role in (Targets.type, Snapshot.type, Timestamp.type):
        signed.add_key(tuf_key(online), role)
    return signed_bytes(signed, root)


def trusts(body: bytes, online: Signer) -> bool:
    """Whether the root lets this key sign generations; the root itself is not verified here."""
    keyid = tuf_key(online).keyid
    signed = load(Root, body, "the root").signed
    return all(keyid in signed.roles[role].keyids for role in (Targets.type, Snapshot.type, Timestamp.type))


def root_version(body: bytes) -> int:
    """Which version of the root this is; the root itself is not verified here."""
    return load(Root, body, "the root").signed.version


def names_root_key(body: bytes, key: Signer) -> bool:
    """Whether the root lets this key sign roots; the root itself is not verified here."""
    return tuf_key(key).keyid in load(Root, body, "the root").signed.roles[Root.type].keyids
