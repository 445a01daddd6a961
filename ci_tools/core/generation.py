"""A generation is a TUF targets version: the signed list of a channel's index documents, by length and SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tuf.api.metadata import MetaFile, Root, Snapshot, Targets, Timestamp
from tuf.api.metadata import TargetFile as TufTarget

from ci_tools.core import layout
from ci_tools.core.layout import Document, Freshness
from ci_tools.core.strict_json import parse_object
from ci_tools.core.tuf_metadata import (
    Role,
    load,
    require_fresh,
    require_match,
    require_version,
    signed_bytes,
    verified,
)
from ci_tools.errors import StoreError, TrustError

if TYPE_CHECKING:
    from ci_tools.core.signing import Signer

ISSUED = "x-channelsmith-issued"  # of targets and timestamp: TUF 4.1 lets others' fields be, and signs them
SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFile:
    """One index document of a generation: its length in bytes and its lower-hex SHA-256."""

    length: int
    sha256: str

    @classmethod
    def of(cls, body: bytes) -> TargetFile:
        """What these bytes are listed as."""
        return cls(length=len(body), sha256=hashlib.sha256(body).hexdigest())

    def matches(self, body: bytes) -> bool:
        """Whether these are the bytes."""
        return self == TargetFile.of(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a signature holds before it must be made again."""

    timestamp: timedelta = timedelta(days=7)
    snapshot: timedelta = timedelta(days=30)
    targets: timedelta = timedelta(days=90)
    root: timedelta = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiries:
    """Until when each document of a generation may be believed (UTC)."""

    timestamp: datetime
    snapshot: datetime
    targets: datetime

    @property
    def first(self) -> datetime:
        """From this moment on a client refuses the generation."""
        return min(self.timestamp, self.snapshot, self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What one publish made true. `targets` maps a store key to its document; `number` is the targets version."""

    number: int
    snapshot: int
    timestamp: int
    targets: Mapping[str, TargetFile]
    expires: Expiries
    issued: datetime | None = None  # when its list was signed; None where it does not say
    vouched: datetime | None = None  # when it was last said to be the present one


def referenced(body: bytes, role: str) -> int:
    """Which version of `role` a timestamp or snapshot names: NOT verified, good only for knowing what to read next."""
    document = parse_object(body, "the channel's TUF metadata")
    try:
        version = document["signed"]["meta"][f"{role}.json"]["version"]
    except (KeyError, TypeError) as exc:
        raise TrustError(
            f"the channel's TUF metadata names no {role}", hint="it was altered, or is no channel's"
        ) from exc
    if type(version) is not int or version < 1:
        raise TrustError(f"the channel's TUF metadata names {role} version {version!r}", hint="it was altered")
    return version


def read_root(pinned: bytes, newer: Sequence[bytes], now: datetime) -> bytes:
    """The newest root, reached from the pinned one step by step; `newer` are the versions after it, in order.

    Each is signed by its own keys and by those of the one before (TUF 5.3). Only the last one's expiry counts.
    """
    document = load(Root, pinned, "the pinned root")
    root = verified(document.signed, document, "the pinned root")
    body = pinned
    for candidate in newer:
        name = layout.metadata_key("root", root.version + 1)
        document = load(Root, candidate, name)
        verified(root, document, name)
        if document.signed.version != root.version + 1:
            raise TrustError(
                f"`{name}` says it is version {document.signed.version} (rollback)", hint="somebody swapped files"
            )
        root, body = verified(document.signed, document, name), candidate
    require_fresh(root.expires, now, layout.metadata_key("root", root.version), "the owner signs a newer root")
    return body


def read_generation(
    root: bytes, timestamp: bytes, snapshot: bytes, targets: bytes, now: datetime, *, known: Generation | None = None
) -> Generation:
    """The generation these documents make, believed as a client believes it: signed, matching, not expired.

    `known` is one that was believed before: anything older is a rollback. TrustError names what failed.
    """
    generation = held_generation(root, timestamp, snapshot, targets)
    if known is not None:
        _require_progress(known, generation)
    require_fresh(generation.expires.timestamp, now, layout.TIMESTAMP)
    require_fresh(generation.expires.snapshot, now, layout.metadata_key("snapshot", generation.snapshot))
    require_fresh(generation.expires.targets, now, layout.metadata_key("targets", generation.number))
    return generation


def held_generation(root: bytes, timestamp: bytes, snapshot: bytes, targets: bytes) -> Generation:
    """The same without the question of age: for whoever writes the next one, which is how an expired one is mended."""
    trusted = load(Root, root, "the root").signed
    pointer = verified(trusted, load(Timestamp, timestamp, layout.TIMESTAMP), layout.TIMESTAMP)
    middle = _named(trusted, Snapshot, snapshot, pointer.snapshot_meta)
    if "targets.json" not in middle.meta:
        raise TrustError("the channel's snapshot names no targets", hint="it was altered, or is no channel's")
    listed = _named(trusted, Targets, targets, middle.meta["targets.json"])
    return Generation(
        number=listed.version,
        snapshot=middle.version,
        timestamp=pointer.version,
        targets={key: _target(key, file) for key, file in sorted(listed.targets.items())},
        expires=Expiries(timestamp=pointer.expires, snapshot=middle.expires, targets=listed.expires),
        issued=_issued(listed),
        vouched=_issued(pointer),
    )


def past_targets(roots: Sequence[bytes], number: int, body: bytes) -> Mapping[str, TargetFile]:
    """What generation `number` listed, which is not the present one: signed under any of `roots`, however old.

    Good for recognising bytes that were once the channel's, never for following them.
    """
    name = layout.metadata_key("targets", number)
    document = load(Targets, body, name)
    refusals = []
    for root in reversed(roots):
        try:
            listed = verified(load(Root, root, "the root").signed, document, name)
        except TrustError as exc:
            refusals.append(exc)
        else:
            return {key: _target(key, file) for key, file in listed.targets.items() if listed.version == number}
    raise refusals[0] if refusals else TrustError("there is no root")


def past_issue(roots: Sequence[bytes], number: int, body: bytes) -> datetime | None:
    """When the list of generation `number` was signed, where `past_targets` believes it."""
    past_targets(roots, number, body)
    return _issued(load(Targets, body, layout.metadata_key("targets", number)).signed)


def _issued(signed: Timestamp | Targets) -> datetime | None:
    said = signed.unrecognized_fields.get(ISSUED)
    try:
        return datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None


def _issue(now: datetime) -> dict[str, str]:
    return {ISSUED: now.astimezone(UTC).replace(microsecond=0).isoformat()}


def _named(trusted: Root, role: type[Role], body: bytes, meta: MetaFile) -> Role:
    name = layout.metadata_key(role.type, meta.version)
    named_by = "the timestamp" if role.type == Snapshot.type else "the snapshot"
    require_match(meta, body, name, named_by)
    signed = verified(trusted, load(role, body, name), name)
    require_version(signed.version, meta, name, named_by)
    return signed


def _target(key: str, file: TufTarget) -> TargetFile:
    sha256 = file.hashes.get("sha256", "")
    try:
        layout.checked_key(key)
    except StoreError as exc:
        raise TrustError(f"the generation lists `{key!r}`, which is not a key", hint="do not use this copy") from exc
    if not SHA256_HEX.fullmatch(sha256) or file.length < 0:
        raise TrustError(f"the generation lists `{key}` without a SHA-256", hint="do not use this copy")
    return TargetFile(length=file.length, sha256=sha256)


def _require_progress(known: Generation, seen: Generation) -> None:
    for what, before, now in (
        ("timestamp", known.timestamp, seen.timestamp),
        ("snapshot", known.snapshot, seen.snapshot),
        ("targets", known.number, seen.number),
    ):
        if now < before:
            raise TrustError(
                f"the channel's {what} went back from version {before} to {now} (rollback)",
                hint="this copy is older than one that was seen before; ask the owner before using it",
            )


def next_generation(
    parent: Generation | None, number: int, targets: Mapping[str, TargetFile], signer: Signer, now: datetime,
    *, lifetimes: Lifetimes = Lifetimes(),
) -> tuple[Document, ...]:  # fmt: skip
    """The signed documents of generation `number`, in the order in which they are written: the commit point last.

    `parent` is the present generation, None for the first; `number` may skip versions that a crash left behind.
    """
    if number <= (parent.number if parent else 0):
        raise ValueError(f"generation {number} would not come after {parent and parent.number}")
    listed = {key: TufTarget(file.length, {"sha256": file.sha256}, key) for key, file in sorted(targets.items())}
    targets_body = signed_bytes(
        Targets(
            number, expires=_until(now, lifetimes.targets), targets=listed, unrecognized_fields=_issue(now)
        ), signer,
    )  # fmt: skip
    names = {"targets.json": _meta(number, targets_body)}
    snapshot_body = signed_bytes(Snapshot(number, expires=_until(now, lifetimes.snapshot), meta=names), signer)
    timestamp = Timestamp(
        (parent.timestamp if parent else 0) + 1,
        expires=_until(now, lifetimes.timestamp),
        snapshot_meta=_meta(number, snapshot_body),
        unrecognized_fields=_issue(now),
    )
    return (
        Document(key=layout.metadata_key("targets", number), body=targets_body, freshness=Freshness.IMMUTABLE),
        Document(key=layout.metadata_key("snapshot", number), body=snapshot_body, freshness=Freshness.IMMUTABLE),
        _commit(timestamp, signer),
    )


def refreshed_timestamp(
    root: bytes, timestamp: bytes, signer: Signer, now: datetime, lifetimes: Lifetimes = Lifetimes()
) -> Document:
    """The same generation, vouched for anew; `timestamp` is the present one and must hold under `root`."""
    trusted = load(Root, root, "the root").signed
    pointer = verified(trusted, load(Timestamp, timestamp, layout.TIMESTAMP), layout.TIMESTAMP)
    renewed = Timestamp(
        pointer.version + 1,
        expires=_until(now, lifetimes.timestamp),
        snapshot_meta=pointer.snapshot_meta,
        unrecognized_fields=_issue(now),
    )
    return _commit(renewed, signer)


def _commit(timestamp: Timestamp, signer: Signer) -> Document:
    return Document(key=layout.TIMESTAMP, body=signed_bytes(timestamp, signer), freshness=Freshness.COMMIT)


def _meta(version: int, body: bytes) -> MetaFile:
    return MetaFile(version, len(body), {"sha256": hashlib.sha256(body).hexdigest()})


def _until(now: datetime, lifetime: timedelta) -> datetime:
    # TUF's dates have whole seconds.
    return (now + lifetime).replace(microsecond=0)
