"""Whether a sidecar vouches for a package: what Sigstore's verifier checks, and what it leaves to us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.x509 import DuplicateExtension, ExtensionNotFound, UnsupportedGeneralNameType
from sigstore.errors import Error as SigstoreError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import AllOf, Identity, OIDCIssuerV2
from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootMessage

from ci_tools.core import certificates
from ci_tools.core.attestation import PAYLOAD, PUBLISH, STATEMENT
from ci_tools.core.canonical import canonical_json
from ci_tools.core.strict_json import parse_object, parse_strict
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 4 * 1024 * 1024  # bytes; what py-rattler takes by default
MOST = 32  # bundles in one sidecar

# What sigstore and x509 raise on a bundle that is not one.
REFUSED = (
    SigstoreError, ExtensionNotFound, DuplicateExtension, UnsupportedGeneralNameType,
    ValueError, TypeError, KeyError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A bundle that held: who said it, when, and where it stands in the sidecar."""

    position: int
    signer: str
    issuer: str
    channel: str
    logged: datetime


class Attestations:
    """A channel's trusted root, ready to judge many sidecars. Offline; nothing is asked of anybody."""

    def __init__(self, trusted_root: bytes, channel: str, identity: str = "") -> None:
        """Take whose word counts: `identity`, the URI of a certificate, or the channel's publisher."""
        self.channel = certificates.channel_url(channel)
        ours = certificates.Identity.of(channel)
        self.identity = replace(ours, subject=identity) if identity else ours
        parse_object(trusted_root, "the trusted root")
        try:
            self._verifier = Verifier(trusted_root=TrustedRoot(TrustedRootMessage.from_json(trusted_root)))
        except REFUSED as exc:
            raise TrustError(
                "the trusted root is not one that Sigstore can use",
                hint="export it again with `channel keys init`", detail=str(exc),
            ) from exc  # fmt: skip
        self._policy = AllOf([
            Identity(identity=self.identity.subject),
            OIDCIssuerV2(self.identity.issuer),
        ])  # fmt: skip

    def verify(self, body: bytes, filename: str, sha256: str) -> Attestation:
        """The first bundle that vouches for this file name and lower-hex digest; TrustError says why none does."""
        refusals = []
        for position, bundle in enumerate(bundles(body)):
            try:
                return self._verified(position, bundle, filename, sha256)
            except TrustError as exc:
                refusals.append(str(exc))
        raise TrustError(
            f"no attestation vouches for `{filename}`: {'; '.join(refusals) or 'the sidecar is empty'}",
            hint="do not install it; the package or its sidecar is not what the publisher signed",
        )

    def _verified(self, position: int, bundle: bytes, filename: str, sha256: str) -> Attestation:
        try:
            parsed = Bundle.from_json(bundle)
            kind, payload = self._verifier.verify_dsse(parsed, self._policy)
        except REFUSED as exc:
            raise TrustError(f"bundle {position} does not hold ({_told(exc)})") from exc
        if kind != PAYLOAD:
            raise TrustError(f"bundle {position} holds {kind}, not a statement")
        _require_subject(parse_object(payload, "the statement"), filename, sha256, self.channel)
        return Attestation(
            position=position, signer=self.identity.subject, issuer=self.identity.issuer, channel=self.channel,
            logged=datetime.fromtimestamp(parsed.log_entry._inner.integrated_time or 0, UTC),  # noqa: SLF001 (no other way)
        )  # fmt: skip


def verify_sidecar(body: bytes, filename: str, sha256: str, channel: str, trusted_root: bytes) -> Attestation:
    """The same for one sidecar. `trusted_root` is the exported trusted_root.json."""
    return Attestations(trusted_root, channel).verify(body, filename, sha256)


def bundles(body: bytes) -> Iterable[bytes]:
    """The bundles of a sidecar, each as JSON of its own; TrustError where it is not a short array of objects."""
    if len(body) > LONGEST:
        raise TrustError(f"the sidecar is longer than {LONGEST} bytes", hint="do not use it")
    value = parse_strict(body, "the sidecar")
    if not isinstance(value, list) or len(value) > MOST or not all(isinstance(member, dict) for member in value):
        raise TrustError(f"the sidecar is not an array of at most {MOST} bundles", hint="CEP 50 says what it is")
    return tuple(canonical_json(member) for member in value)


def _require_subject(statement: dict[str, Any], filename: str, sha256: str, channel: str) -> None:
    # Sigstore vouches for the statement; what it says is ours to read. CEP 27: exactly one subject, exactly one digest.
    wanted = {
        "_type": STATEMENT,
        "subject": [{"name": filename, "digest": {"sha256": sha256}}],
        "predicateType": PUBLISH,
        "predicate": {"targetChannel": channel},
    }
    said = dict(statement)
    predicate = said.get("predicate")
    if isinstance(predicate, dict):
        said["predicate"] = {"targetChannel": predicate.get("targetChannel")}
    for name, value in wanted.items():
        if said.get(name) != value:
            raise TrustError(f"the statement's {name} is {said.get(name)!r}, not {value!r}")


def _told(exc: Exception) -> str:
    return str(exc).partition("\n")[0][:200] or type(exc).__name__
