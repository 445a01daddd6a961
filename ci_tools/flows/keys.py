"""Making a channel's keys and what is published of them: once, completely, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ci_tools.core import trusted_root
from ci_tools.core.certificates import Authority, authority, load_certificate, pem, publisher_certificate
from ci_tools.core.generation import Lifetimes
from ci_tools.core.keyset import (
    DRAFT,
    KeyName,
    KeysReport,
    PublicName,
    certificate_of,
    contradictions,
    lacking,
    newest_standing,
)
from ci_tools.core.root import first_root
from ci_tools.core.root_change import RootChange, drafted
from ci_tools.core.signing import fingerprint
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from ci_tools.core.keyset import Held, Published
    from ci_tools.ports import Keystore, Signer

DEFAULT_LIFETIMES = Lifetimes()
ONE_HOLDER = RootChange()  # the root key of this keystore


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """For which channel, when, and for how long."""

    channel: str
    now: datetime
    lifetimes: Lifetimes
    holders: RootChange


def keys(
    keystore: Keystore, channel: str, now: datetime, lifetimes: Lifetimes = DEFAULT_LIFETIMES,
    holders: RootChange = ONE_HOLDER,
) -> KeysReport:  # fmt: skip
    """The channel's keys, complete: what is missing is made, what is there is left alone.

    With `holders` no root key is made: the first root waits as a draft until enough of them have signed it.
    A run that died anywhere is completed by the next. TrustError lists everything that does not fit together.
    """
    held, published = _there(keystore)
    problems = contradictions(held, published, channel)
    if problems:
        raise TrustError(*problems)
    offline = bool(holders.holders) or DRAFT in published
    wanted = (name for name in lacking(held, published) if not (offline and name is KeyName.ROOT))
    made = {name: keystore.create(name) for name in wanted}
    signers = held | made
    occasion = Occasion(channel=channel, now=now, lifetimes=lifetimes, holders=holders)
    documents = _completed(keystore, published, signers, occasion)
    first = load_certificate(documents[PublicName.CERTIFICATE], "the publisher's certificate")
    certificate = certificate_of(signers[KeyName.PUBLISHER], documents) or first
    return KeysReport(
        channel=channel,
        made=(*made, *(name for name in (*PublicName, DRAFT) if name in documents and name not in published)),
        there=(*held, *(name for name in PublicName if name in published)),
        elsewhere=tuple(name for name in KeyName if name not in signers),
        fingerprints={name.value: fingerprint(signer) for name, signer in signers.items()},
        certificate_until=certificate.not_valid_after_utc,
        root=newest_standing(documents),
    )


def _there(keystore: Keystore) -> tuple[dict[KeyName, Signer], dict[str, bytes]]:
    signers = {name: keystore.signer(name) for name in KeyName}
    documents = {name: keystore.published(name) for name in {*PublicName, *keystore.listed()}}
    return (
        {name: signer for name, signer in signers.items() if signer is not None},
        {str(name): body for name, body in documents.items() if body is not None},
    )


def _completed(keystore: Keystore, published: Published, signers: Held, occasion: Occasion) -> Mapping[str, bytes]:
    """Every document, each made only where it is not there yet; the one that clients pin is the last."""
    documents = dict(published)
    makers: dict[str, Maker] = dict(MAKERS)
    if PublicName.ROOT not in published and (occasion.holders.holders or DRAFT in published):
        del makers[PublicName.ROOT]
        makers[DRAFT] = _draft
    for name, make in makers.items():
        if name not in documents:
            documents[name] = make(signers, documents, occasion)
            keystore.publish(name, documents[name])
    return documents


def _trusted_root(signers: Held, _: Published, occasion: Occasion) -> bytes:
    certificate = authority(signers[KeyName.CA], occasion.channel, occasion.now)
    log, sct = signers[KeyName.LOG], signers[KeyName.SCT]
    return trusted_root.document(trusted_root.trusted_root(occasion.channel, certificate, log, sct))


def _trust_config(_: Held, documents: Published, __: Occasion) -> bytes:
    return trusted_root.client_trust_config(documents[PublicName.TRUSTED_ROOT])


def _certificate(signers: Held, documents: Published, occasion: Occasion) -> bytes:
    ca = trusted_root.authority_of(documents[PublicName.TRUSTED_ROOT], signers[KeyName.CA])
    issuer = Authority(key=signers[KeyName.CA], certificate=ca, sct=signers[KeyName.SCT])
    return pem(publisher_certificate(issuer, signers[KeyName.PUBLISHER], occasion.channel, occasion.now))


def _root(signers: Held, _: Published, occasion: Occasion) -> bytes:
    return first_root(signers[KeyName.ROOT], signers[KeyName.ONLINE], occasion.now, occasion.lifetimes.root)


def _draft(signers: Held, _: Published, occasion: Occasion) -> bytes:
    change = replace(occasion.holders, admit=(signers[KeyName.ONLINE].public_key_pem,))
    return drafted(None, change, occasion.now + occasion.lifetimes.root)


Maker = Callable[["Held", "Published", Occasion], bytes]
MAKERS: Mapping[str, Maker] = {
    PublicName.TRUSTED_ROOT: _trusted_root,
    PublicName.TRUST_CONFIG: _trust_config,
    PublicName.CERTIFICATE: _certificate,
    PublicName.ROOT: _root,
}
