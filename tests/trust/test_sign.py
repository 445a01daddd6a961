"""Packages are attested in one go, fast, and only with a certificate that holds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from publishing import CHANNEL, TODAY, publishing

from ci_tools.core.attester import ChannelAttester
from ci_tools.core.package import Artifact, Filename, PackageRecord, Subdir
from ci_tools.core.provenance import Making
from ci_tools.core.sidecar import Attestations
from ci_tools.errors import TrustError
from ci_tools.flows.sign import sign

OURS = publishing()


def artifact(name: str) -> Artifact:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    record = PackageRecord(
        name=name, version="1.0", build="0", build_number=0, subdir=Subdir.NOARCH, size=1, md5="", sha256=sha256
    )
    return Artifact(filename=Filename.parse(f"{name}-1.0-0.conda"), path=Path(name), record=record)


def test_each_package_gets_a_sidecar_of_its_own() -> None:
    signed = sign([artifact("b"), artifact("a")], OURS.publisher, TODAY)
    attestations = Attestations(OURS.trusted_root, CHANNEL)
    assert [str(each.artifact.filename) for each in signed] == ["b-1.0-0.conda", "a-1.0-0.conda"]
    for each in signed:
        assert each.sha256 == hashlib.sha256(each.sidecar).hexdigest()
        assert attestations.verify(each.sidecar, str(each.artifact.filename), each.artifact.record.sha256)


def test_nothing_is_signed_with_a_certificate_that_does_not_hold() -> None:
    for now in (TODAY - timedelta(days=1), TODAY + timedelta(days=366)):
        with pytest.raises(TrustError, match="not now"):
            sign([artifact("a")], OURS.publisher, now)


def test_an_attester_knows_its_own_word_again() -> None:
    attester = ChannelAttester(OURS.publisher, OURS.trusted_root, TODAY)
    ours, other = artifact("a"), artifact("b")
    sidecar = attester.attest(ours, Making(recipe="", input_hash="", backend=""))
    assert attester.accepts(sidecar, ours.filename, ours.record.sha256)
    assert not attester.accepts(sidecar, other.filename, ours.record.sha256)
    assert not attester.accepts(sidecar, ours.filename, other.record.sha256)
    assert not attester.accepts(b"", ours.filename, ours.record.sha256)
    assert not attester.accepts(
        publishing().attest("a-1.0-0.conda", ours.record.sha256), ours.filename, ours.record.sha256
    )


def test_an_attester_whose_clients_would_not_believe_it_signs_nothing() -> None:
    with pytest.raises(TrustError, match="does not hold"):
        ChannelAttester(OURS.publisher, publishing().trusted_root, TODAY)
    with pytest.raises(TrustError, match="does not belong"):
        replace(OURS.publisher, key=OURS.publisher.log)
