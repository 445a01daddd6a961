"""Who attested a package (CEP 27), by Sigstore's own verifier under the channel's own trust root."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from channelsmith_trust.chain import ChainError

if TYPE_CHECKING:
    from pathlib import Path

try:
    from sigstore.errors import Error
    from sigstore.models import Bundle, TrustedRoot
    from sigstore.verify import Verifier
    from sigstore.verify.policy import AllOf, Identity, OIDCIssuerV2
except ImportError:  # an extra of this package: who does not ask for attestations needs it not
    Verifier = None

PUBLISH = "https://schemas.conda.org/attestations-publish-1.schema.json"


def require_attestation(sidecar: bytes, filename: str, sha256: str, channel: str, trusted_root: Path) -> None:
    """ChainError where no bundle of the sidecar says that this channel's publisher published these bytes."""
    if Verifier is None:
        raise ChainError("`trusted_root` is set, and `sigstore` is not installed beside conda")
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(trusted_root)))
    policy = AllOf([Identity(identity=f"{channel}#publisher"), OIDCIssuerV2(channel)])
    wanted = {"subject": [{"name": filename, "digest": {"sha256": sha256}}], "predicateType": PUBLISH}
    reasons = []
    for bundle in json.loads(sidecar):
        try:
            _, payload = verifier.verify_dsse(Bundle.from_json(json.dumps(bundle)), policy)
        except (Error, ValueError) as exc:
            reasons.append(str(exc).partition("\n")[0])
            continue
        statement = json.loads(payload)
        said = {name: statement.get(name) for name in wanted}
        if said == wanted and statement.get("predicate", {}).get("targetChannel") == channel:
            return
        reasons.append("the statement is about something else")
    raise ChainError(f"no attestation vouches for it: {'; '.join(reasons) or 'there is none'}")
