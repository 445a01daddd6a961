"""A certificate for the publisher's key, and the authorities that clients know: old ones stay, so old words hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_tools.core import trusted_root
from ci_tools.core.certificates import LEAF_LIFETIME, Authority, authority, pem, publisher_certificate
from ci_tools.core.keyset import CERTIFICATE_NAME, PublicName, certificate_of
from ci_tools.core.signing import fingerprint
from ci_tools.core.trusted_root import client_trust_config
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from ci_tools.ports import Keystore, Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifyReport:
    """What was made; `document` is the name of the public document, `until` when the certificate ends."""

    fingerprint: str
    document: str
    until: datetime | None
    changed: bool


def certify(
    keystore: Keystore, channel: str, key: Signer, issuer: tuple[Signer, Signer], now: datetime
) -> CertifyReport:
    """A certificate for this publisher's key by the CA and SCT log of `issuer`, beside those that are there.

    Nothing is done where the key has one that has more than a third of a year left.
    """
    ca, sct = issuer
    trusted = _trusted(keystore)
    ours = trusted_root.authority_of(trusted, ca)
    published = {n: keystore.published(n) or b"" for n in keystore.listed() if CERTIFICATE_NAME.fullmatch(n)}
    there = certificate_of(key, published)
    if there is not None and there.issuer == ours.subject and _lasts(there.not_valid_after_utc, now):
        until = there.not_valid_after_utc
        return CertifyReport(fingerprint=fingerprint(key), document="", until=until, changed=False)
    made = publisher_certificate(Authority(key=ca, certificate=ours, sct=sct), key, channel, now)
    name = f"publisher-{fingerprint(key)[:12]}-{made.not_valid_after_utc:%Y%m%d}.crt.pem"
    keystore.replace(name, pem(made))
    return CertifyReport(fingerprint=fingerprint(key), document=name, until=made.not_valid_after_utc, changed=True)


def acknowledge(
    keystore: Keystore, channel: str, now: datetime, *,
    ca: Signer | None = None, log: Signer | None = None, sct: Signer | None = None,
) -> CertifyReport:  # fmt: skip
    """A further CA or log in the trusted root that clients hold; the first step of rotating one.

    What clients know already stays known. The new key is used when they have had time to fetch the new document.
    """
    trusted = _trusted(keystore)
    certificate = authority(ca, channel, now) if ca and not _knows(trusted, ca) else None
    after = trusted_root.joined(trusted, certificate, log, sct)
    key = next(each for each in (ca, log, sct) if each)
    if after != trusted:
        keystore.replace(PublicName.TRUSTED_ROOT, after)
    config = client_trust_config(after)
    if keystore.published(PublicName.TRUST_CONFIG) != config:
        keystore.replace(PublicName.TRUST_CONFIG, config)
    return CertifyReport(
        fingerprint=fingerprint(key), document=PublicName.TRUSTED_ROOT, until=None, changed=after != trusted
    )


def _trusted(keystore: Keystore) -> bytes:
    body = keystore.published(PublicName.TRUSTED_ROOT)
    if body is None:
        raise TrustError(f"there is no `{PublicName.TRUSTED_ROOT}`", hint="make the channel's keys: channel keys init")
    return body


def _knows(trusted: bytes, ca: Signer) -> bool:
    try:
        trusted_root.authority_of(trusted, ca)
    except TrustError:
        return False
    return True


def _lasts(until: datetime, now: datetime) -> bool:
    return until - now > LEAF_LIFETIME / 3
