"""Making a signed root the channel's: clients follow it from the one before, and nobody is locked out on the way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ci_tools.core import layout
from ci_tools.core.generation import held_generation, read_root
from ci_tools.core.keyset import DRAFT, PublicName, root_versions
from ci_tools.core.layout import Freshness
from ci_tools.core.root import root_version
from ci_tools.core.root_change import RootReport, standing
from ci_tools.errors import ConflictError, TrustError
from ci_tools.flows.present import newer_roots, present
from ci_tools.ports import ABSENT, Keystore, ObjectStore

ALWAYS = datetime.min.replace(tzinfo=UTC)  # a root that expired is mended by the next one: its age does not matter here


@dataclass(frozen=True, slots=True, kw_only=True)
class RootOffice:
    """Where roots are made: the keys and what is published of them, the channel's store, and for how long.

    `sign_anew` makes a generation that says what the present one says, signed with the online key of channel.yaml.
    """

    channel: str
    keystore: Keystore
    store: ObjectStore
    now: datetime
    lifetime: timedelta
    sign_anew: Callable[[], object]


def enact(office: RootOffice, root: bytes) -> RootReport:
    """The channel with this root; again, nothing is done. TrustError where signatures are lacking or it is too late.

    The root that is served is written once and never replaced; its copy among the public documents follows.
    """
    roots = known_roots(office)
    version = root_version(root)
    _require_next(roots, root)
    said = standing(root, roots[version - 2] if version > 1 else None)
    if not said.is_complete:
        raise TrustError(
            f"root {version} lacks {said.lacking + said.lacking_before} signatures",
            hint="pass the draft to the other holders: `channel keys sign-root FILE`",
        )
    if len(roots) < version:
        _serve(office, root, version)
    _keep(office, (*roots[: version - 1], root))
    office.keystore.remove(DRAFT)
    return RootReport(channel=office.channel, root=said, enacted=True, changed=len(roots) < version)


def known_roots(office: RootOffice) -> tuple[bytes, ...]:
    """Every root of the channel in order, verified from the first; empty where there is none yet.

    What is only among the public documents was never served: it is no root yet.
    """
    first = office.keystore.published(PublicName.ROOT)
    if first is None:
        return ()
    newer = tuple(newer_roots(office.store, first))
    read_root(first, newer, ALWAYS)
    return (first, *newer)


def _require_next(roots: tuple[bytes, ...], root: bytes) -> None:
    version = root_version(root)
    if version <= len(roots) and roots[version - 1] != root:
        raise TrustError(
            f"another root {version} is in force already", hint="remove the draft and make the change anew"
        )
    if version > len(roots) + 1:
        raise TrustError(
            f"root {version} comes after a root that this channel has not", hint="is it another channel's?"
        )


def _serve(office: RootOffice, root: bytes, version: int) -> None:
    if version == 1:
        return  # the first publish serves it
    _require_held(office, root)
    with suppress(ConflictError):  # then `known_roots` tells whose it is, below
        office.store.put(layout.metadata_key("root", version), root, Freshness.IMMUTABLE, if_match=ABSENT)
    _require_next(known_roots(office), root)


def _require_held(office: RootOffice, root: bytes) -> None:
    """No client may find a generation that the root it has just read does not trust."""
    if _holds(office, root):
        return
    office.sign_anew()
    if not _holds(office, root):
        raise TrustError(
            "the present generation is signed by a key that this root would no longer trust",
            hint="let `trust: {online: …}` in channel.yaml name the new key, then run this again",
        )


def _holds(office: RootOffice, root: bytes) -> bool:
    first = office.keystore.published(PublicName.ROOT) or b""
    before = present(office.store, first, ALWAYS)
    if before.generation is None:
        return True
    snapshot = office.store.get(layout.metadata_key("snapshot", before.generation.snapshot)).body
    targets = office.store.get(layout.metadata_key("targets", before.generation.number)).body
    try:
        held_generation(root, before.timestamp, snapshot, targets)
    except TrustError:
        return False
    return True


def _keep(office: RootOffice, roots: tuple[bytes, ...]) -> None:
    """Every root among the public documents, also those that another machine has put into force."""
    there = root_versions(office.keystore.listed())
    for version, body in enumerate(roots, 1):
        if version not in there:
            office.keystore.publish(f"{version}.root.json", body)
