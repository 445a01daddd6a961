"""A new publisher key, CA or log comes in beside the old one: what either signs, clients of either time accept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from test_keys import CHANNEL, NOW, init, store

from ci_tools.core.attestation import Publisher, attest
from ci_tools.core.keyset import KeyName, PublicName, publisher_material
from ci_tools.core.sidecar import verify_sidecar
from ci_tools.errors import TrustError
from ci_tools.flows.certify import acknowledge, certify

if TYPE_CHECKING:
    from pathlib import Path

    from ci_tools.adapters.keystore import KeyFiles
    from ci_tools.ports import Signer

PACKAGE = ("a-1-0.conda", "0" * 64)


def attested(files: KeyFiles, key: Signer, log: Signer | None = None) -> bytes:
    publisher = Publisher(
        key=key, certificate=publisher_material(files, key).certificate, log=log or files.signer(KeyName.LOG),
        channel=CHANNEL,
    )  # fmt: skip
    return attest(publisher, *PACKAGE, NOW)


def accepted(sidecar: bytes, trusted_root: bytes) -> bool:
    try:
        return bool(verify_sidecar(sidecar, *PACKAGE, CHANNEL, trusted_root))
    except TrustError:
        return False


def test_a_second_publisher_is_believed_by_clients_of_the_first(tmp_path: Path) -> None:
    init(tmp_path)
    files = store(tmp_path)
    pinned = files.published(PublicName.TRUSTED_ROOT)
    old, new = files.signer(KeyName.PUBLISHER), files.create_at("file:.keys/second.pem")
    issuer = (files.signer(KeyName.CA), files.signer(KeyName.SCT))
    report = certify(files, CHANNEL, new, issuer, NOW)
    assert report.changed
    assert not certify(files, CHANNEL, new, issuer, NOW).changed
    assert all(accepted(attested(files, key), pinned) for key in (old, new))
    assert certify(files, CHANNEL, new, issuer, NOW + timedelta(days=300)).changed
    assert not init(tmp_path).changed


def test_a_publisher_without_a_certificate_is_told_how_to_get_one(tmp_path: Path) -> None:
    init(tmp_path)
    files = store(tmp_path)
    with pytest.raises(TrustError, match="no certificate") as caught:
        attested(files, files.create_at("file:.keys/second.pem"))
    assert "channel keys rotate publisher" in caught.value.problems[0].hint


def test_a_second_ca_is_believed_from_the_document_that_names_both(tmp_path: Path) -> None:
    init(tmp_path)
    files = store(tmp_path)
    before = files.published(PublicName.TRUSTED_ROOT)
    old, new = files.signer(KeyName.PUBLISHER), files.create_at("file:.keys/second.pem")
    ca, sct, log = (files.create_at(f"file:.keys/new-{name}.pem") for name in ("ca", "sct", "log"))
    kept = attested(files, old)
    assert acknowledge(files, CHANNEL, NOW, ca=ca).changed
    assert not acknowledge(files, CHANNEL, NOW, ca=ca).changed
    assert acknowledge(files, CHANNEL, NOW, sct=sct).changed
    assert acknowledge(files, CHANNEL, NOW, log=log).changed
    after = files.published(PublicName.TRUSTED_ROOT)
    certify(files, CHANNEL, new, (ca, sct), NOW)
    fresh = attested(files, new, log)
    assert [accepted(kept, before), accepted(kept, after), accepted(fresh, after)] == [True, True, True]
    assert not accepted(fresh, before)  # hence the wait until clients have the document that names both
    assert not init(tmp_path).changed


@pytest.mark.parametrize("name", ["ca", "sct", "log"])
def test_a_run_that_died_between_the_two_documents_is_completed(tmp_path: Path, name: str) -> None:
    init(tmp_path)
    files = store(tmp_path)
    config = files.published(PublicName.TRUST_CONFIG)
    key = files.create_at("file:.keys/new.pem")
    acknowledge(files, CHANNEL, NOW, **{name: key})
    files.replace(PublicName.TRUST_CONFIG, config)
    acknowledge(files, CHANNEL, NOW, **{name: key})
    assert not init(tmp_path).changed


def test_a_ca_that_the_trusted_root_does_not_name_issues_nothing(tmp_path: Path) -> None:
    init(tmp_path)
    files = store(tmp_path)
    stranger = files.create_at("file:.keys/stranger.pem")
    with pytest.raises(TrustError, match="does not name the CA"):
        certify(files, CHANNEL, files.signer(KeyName.PUBLISHER), (stranger, stranger), NOW)
