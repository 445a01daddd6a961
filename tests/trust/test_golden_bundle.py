"""A sidecar of 2026 whose keys are gone: what was attested once verifies for ever, offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sigstore.errors import VerificationError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import AllOf, Identity, OIDCIssuerV2

from ci_tools.core.sidecar import verify_sidecar

GOLDEN = Path(__file__).with_name("golden")
SIDECAR, ROOT = GOLDEN / "data-1.0-0.conda.sigs", GOLDEN / "trusted_root.json"
CHANNEL = "https://conda.acme.example/acme"


def test_sigstore_python_accepts_it() -> None:
    (bundle,) = json.loads(SIDECAR.read_bytes())
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(ROOT)))
    policy = AllOf([Identity(identity=f"{CHANNEL}#publisher"), OIDCIssuerV2(CHANNEL)])
    kind, payload = verifier.verify_dsse(Bundle.from_json(json.dumps(bundle)), policy)
    assert kind == "application/vnd.in-toto+json"
    assert json.loads(payload)["predicate"] == {"targetChannel": CHANNEL}
    with pytest.raises(VerificationError):
        verifier.verify_dsse(Bundle.from_json(json.dumps(bundle)), Identity(identity=f"{CHANNEL}#somebody"))


def test_so_do_we() -> None:
    found = verify_sidecar(SIDECAR.read_bytes(), "data-1.0-0.conda", "ab" * 32, CHANNEL, ROOT.read_bytes())
    assert (found.signer, found.logged.year) == (f"{CHANNEL}#publisher", 2026)
