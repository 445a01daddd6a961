"""The keys of a channel and what is published of them: what there must be, and what contradicts what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ci_tools.core import trusted_root
from ci_tools.core.certificates import Identity, load_certificate
from ci_tools.core.root import names_root_key, trusts
from ci_tools.core.root_change import RootStanding, standing
from ci_tools.core.signing import Signer, public_key
from ci_tools.core.trusted_root import client_trust_config
from ci_tools.errors import Problem, TrustError


class KeyName(StrEnum):
    """What a private key is for."""

    ROOT = "root"  # says which keys speak for the channel; needed once a year, best kept offline
    ONLINE = "online"  # signs every generation
    CA = "ca"  # issues the publisher's certificate; needed once a year, best kept offline
    PUBLISHER = "publisher"  # attests packages
    LOG = "log"  # ballast of the format
    SCT = "sct"  # ballast of the format; needed with the CA


class PublicName(StrEnum):
    """What others are given; the value is the file's name."""

    ROOT = "1.root.json"  # what clients pin
    TRUSTED_ROOT = "trusted_root.json"
    TRUST_CONFIG = "client_trust_config.json"
    CERTIFICATE = "publisher.crt.pem"


# Which public document was made with which keys; such a key cannot be made anew, only restored.
MADE_WITH = {
    KeyName.ROOT: PublicName.ROOT,
    KeyName.ONLINE: PublicName.ROOT,
    KeyName.CA: PublicName.TRUSTED_ROOT,
    KeyName.LOG: PublicName.TRUSTED_ROOT,
    KeyName.SCT: PublicName.TRUSTED_ROOT,
    KeyName.PUBLISHER: PublicName.CERTIFICATE,
}
OFFLINE = frozenset({KeyName.ROOT, KeyName.CA, KeyName.SCT})  # may be elsewhere once the documents are made

DRAFT = "root.draft.json"  # the next root, while it waits for signatures
ROOT_NAME = re.compile(r"([1-9][0-9]*)\.root\.json")
CERTIFICATE_NAME = re.compile(r"publisher(-.+)?\.crt\.pem")

Held = Mapping[KeyName, Signer]
Published = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustMaterial:
    """What is published of a channel's keys, as whoever publishes or verifies needs it."""

    root: bytes  # 1.root.json
    trusted_root: bytes
    certificate: x509.Certificate  # the publisher's


def root_versions(names: Iterable[str]) -> tuple[int, ...]:
    """The versions of the root among the names of public documents, ascending."""
    return tuple(sorted(int(found.group(1)) for name in names if (found := ROOT_NAME.fullmatch(name))))


def newest_root(published: Published) -> bytes | None:
    """The newest root that is published, not verified; None where there is none yet."""
    versions = root_versions(published)
    return published[f"{versions[-1]}.root.json"] if versions else None


def newest_standing(published: Published) -> RootStanding | None:
    """What the newest published root says and who signed it; None where there is none yet."""
    versions = root_versions(published)
    if not versions:
        return None
    newest = versions[-1]
    return standing(published[f"{newest}.root.json"], published.get(f"{newest - 1}.root.json"))


def certificate_of(key: Signer, published: Published) -> x509.Certificate | None:
    """The publisher's certificate for this key that lasts longest; None where there is none."""
    found = [load_certificate(body, f"`{n}`") for n, body in published.items() if CERTIFICATE_NAME.fullmatch(n)]
    fitting = [each for each in found if each.public_key() == public_key(key.public_key_pem)]
    return max(fitting, key=lambda certificate: certificate.not_valid_after_utc, default=None)


def trust_material(published: Callable[[str], bytes | None]) -> TrustMaterial:
    """The public half of a keystore (its `published`), complete; TrustError where something is missing."""
    bodies = {name: published(name) for name in PublicName}
    missing = tuple(f"there is no `{name}`" for name, body in bodies.items() if body is None)
    if missing:
        raise TrustError(*missing, hint="make the channel's keys with `channel keys init`")
    certificate = load_certificate(bodies[PublicName.CERTIFICATE] or b"", f"`{PublicName.CERTIFICATE}`")
    root, trusted = bodies[PublicName.ROOT] or b"", bodies[PublicName.TRUSTED_ROOT] or b""
    return TrustMaterial(root=root, trusted_root=trusted, certificate=certificate)


class PublicDocuments(Protocol):
    """What the core asks of a keystore; every `ports.Keystore` is one (the core sees no ports)."""

    def published(self, name: str) -> bytes | None:
        """The public document; None where there is none yet."""

    def listed(self) -> tuple[str, ...]:
        """The names of all public documents."""


def publisher_material(documents: PublicDocuments, key: Signer) -> TrustMaterial:
    """The same with the certificate of this publisher's key, of those that a rotation leaves side by side."""
    material = trust_material(documents.published)
    named = {name: documents.published(name) or b"" for name in documents.listed() if CERTIFICATE_NAME.fullmatch(name)}
    found = certificate_of(key, named)
    if found is None:
        raise TrustError(
            "the publisher's key has no certificate here",
            hint="issue one where the CA's key is: `channel keys rotate publisher`, and commit the public folder",
        )
    return replace(material, certificate=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysReport:
    """What `keys` found and made. `fingerprints` are lower-hex SHA-256 of the public keys that are here."""

    channel: str
    made: tuple[str, ...]
    there: tuple[str, ...]
    elsewhere: tuple[str, ...]  # private keys that are not on this machine, and need not be
    fingerprints: Mapping[str, str]
    certificate_until: datetime
    root: RootStanding | None = None  # the newest that is among the public documents

    @property
    def changed(self) -> bool:
        """Whether anything was made."""
        return bool(self.made)


def lacking(held: Held, published: Published) -> tuple[KeyName, ...]:
    """The keys to make: those that nothing was made with yet."""
    return tuple(name for name in KeyName if name not in held and MADE_WITH[name] not in published)


def contradictions(held: Held, published: Published, channel: str) -> tuple[Problem, ...]:
    """Everything that does not fit together, so that nothing is made on top of it."""
    return (*_gone(held, published), *_strangers(held, published), *_exports(published, channel))


def _gone(held: Held, published: Published) -> Iterator[Problem]:
    need_ca = PublicName.CERTIFICATE not in published
    for name, document in MADE_WITH.items():
        needed = name not in OFFLINE or (need_ca and name is not KeyName.ROOT)
        if name not in held and document in published and needed:
            yield Problem(
                message=f"the {name} key is gone, though `{document}` was made with it",
                hint="restore the key; where nothing was published yet, remove both directories and run this again",
            )


def _strangers(held: Held, published: Published) -> Iterator[Problem]:
    for name, key in held.items():
        document = MADE_WITH[name]
        if document in published and not _belongs(name, key, published):
            yield Problem(
                message=f"the {name} key is not one that `{document}` or a later version of it names",
                hint="bring back the key or the document from where this set was made; nothing was changed",
            )


def _belongs(name: KeyName, key: Signer, published: Published) -> bool:
    root, trusted = newest_root(published) or b"", published.get(PublicName.TRUSTED_ROOT, b"")
    match name:
        case KeyName.ROOT:
            return names_root_key(root, key)
        case KeyName.ONLINE:
            return trusts(root, key)
        case KeyName.CA:
            ours = public_key(key.public_key_pem)
            return any(ours == authority.public_key() for authority in trusted_root.authorities_of(trusted))
        case KeyName.LOG:
            return trusted_root.names(trusted, "tlogs", key)
        case KeyName.SCT:
            return trusted_root.names(trusted, "ctlogs", key)
        case KeyName.PUBLISHER:
            return certificate_of(key, published) is not None


def _exports(published: Published, channel: str) -> Iterator[Problem]:
    root = published.get(PublicName.TRUSTED_ROOT)
    if root is not None and published.get(PublicName.TRUST_CONFIG, b"") not in {b"", client_trust_config(root)}:
        yield Problem(
            message=f"`{PublicName.TRUST_CONFIG}` does not hold the trusted root beside it",
            hint="remove it and run this again: it is made from the trusted root",
        )
    certificates = [name for name in published if CERTIFICATE_NAME.fullmatch(name)]
    for name in certificates if root is not None else ():
        yield from _certificate(name, load_certificate(published[name], f"`{name}`"), root or b"", channel)


def _certificate(name: str, certificate: x509.Certificate, root: bytes, channel: str) -> Iterator[Problem]:
    subjects = _subjects(certificate)
    if subjects != [Identity.of(channel).subject]:
        yield Problem(
            message=f"these keys were made for {', '.join(subjects)}, not for {Identity.of(channel).subject}",
            hint="take back the change of `url`, or make keys for the new one in another directory",
        )
    if not any(_issued(certificate, authority) for authority in trusted_root.authorities_of(root)):
        yield Problem(
            message=f"`{name}` was not issued by the authority in `{PublicName.TRUSTED_ROOT}`",
            hint="bring back both from where this set was made; nothing was changed",
        )


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _subjects(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
