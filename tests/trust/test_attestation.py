"""A sidecar convinces clients that we did not write, offline, and nothing but the real package does."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publishing import CHANNEL, TODAY, Publishing, publishing
from served import served
from sigstore.errors import VerificationError
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.verify import Verifier, policy
from tuf_channel import YEAR, new_key

from ci_tools.core.attestation import PAYLOAD, PUBLISH, Publisher, attest, bundle, sidecar, statement
from ci_tools.core.certificates import Identity
from ci_tools.core.sidecar import LONGEST, Attestations, verify_sidecar
from ci_tools.core.trusted_root import client_trust_config
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "a-1.0-0.conda"
DIGEST = hashlib.sha256(b"package").hexdigest()
ME = Identity.of(CHANNEL)


@cache
def acme() -> Publishing:
    return publishing()


@cache
def judge() -> Attestations:
    return Attestations(acme().trusted_root, CHANNEL)


@cache
def good() -> bytes:
    return acme().attest(NAME, DIGEST)


def altered(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The good sidecar with its bundle changed."""
    (member,) = json.loads(good())
    change(member)
    return sidecar((member,))


def test_an_unmodified_sigstore_verifier_accepts_us_offline(tmp_path: Path) -> None:
    (tmp_path / "trusted_root.json").write_bytes(acme().trusted_root)
    verifier = Verifier(trusted_root=TrustedRoot.from_file(str(tmp_path / "trusted_root.json")))
    (member,) = json.loads(good())
    ours = policy.Identity(identity=ME.subject, issuer=ME.issuer)
    kind, payload = verifier.verify_dsse(Bundle.from_json(json.dumps(member)), ours)
    assert (kind, payload) == (PAYLOAD, statement(NAME, DIGEST, CHANNEL))


def test_nobody_else_s_identity_is_vouched_for() -> None:
    (member,) = json.loads(good())
    root = ClientTrustConfig.from_json(client_trust_config(acme().trusted_root).decode())
    stranger = policy.Identity(identity="https://elsewhere.example#publisher", issuer=ME.issuer)
    with pytest.raises(VerificationError):
        Verifier(trusted_root=root.trusted_root).verify_dsse(Bundle.from_json(json.dumps(member)), stranger)


def test_a_good_sidecar_tells_who_and_when() -> None:
    told = verify_sidecar(good(), NAME, DIGEST, f"{CHANNEL}/", acme().trusted_root)
    assert (told.position, told.signer, told.channel, told.logged) == (0, f"{CHANNEL}#publisher", CHANNEL, TODAY)


def test_a_statement_is_what_cep_27_asks_for() -> None:
    assert json.loads(statement(NAME, DIGEST, f"{CHANNEL}/")) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": DIGEST}}],
        "predicateType": "https://schemas.conda.org/attestations-publish-1.schema.json",
        "predicate": {"targetChannel": CHANNEL},
    }


OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.mark.parametrize(
    ("filename", "digest", "channel"),
    [(NAME, OTHER, CHANNEL), ("b-1.0-0.conda", DIGEST, CHANNEL), (NAME, DIGEST, "https://conda.acme.example/other")],
    ids=["bytes", "name", "channel"],
)
def test_other_bytes_names_and_channels_are_refused(filename: str, digest: str, channel: str) -> None:
    with pytest.raises(TrustError, match="no attestation vouches for"):
        verify_sidecar(good(), filename, digest, channel, acme().trusted_root)


def replaced_payload(member: dict[str, Any]) -> None:
    member["dsseEnvelope"]["payload"] = b64encode(statement(NAME, OTHER, CHANNEL)).decode()


def replaced_promise(member: dict[str, Any]) -> None:
    member["verificationMaterial"]["tlogEntries"][0]["integratedTime"] = str(int(TODAY.timestamp()) + 1)


def replaced_root(member: dict[str, Any]) -> None:
    member["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["rootHash"] = b64encode(b"0" * 32).decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda member: member["verificationMaterial"].pop("tlogEntries"),
        lambda member: member["verificationMaterial"]["tlogEntries"].clear(),
        lambda member: member["verificationMaterial"]["tlogEntries"][0].pop("inclusionPromise"),
        lambda member: member["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof"),
        lambda member: member["verificationMaterial"].pop("certificate"),
        lambda member: member["dsseEnvelope"]["signatures"].clear(),
        lambda member: member["dsseEnvelope"].update(payloadType="text/plain"),
        lambda member: member.clear(),
        replaced_payload, replaced_promise, replaced_root,
    ],
)  # fmt: skip
def test_a_bundle_is_whole_or_worth_nothing(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(TrustError, match="no attestation vouches for"):
        judge().verify(altered(change), NAME, DIGEST)


def test_another_authority_s_sidecar_is_refused() -> None:
    with pytest.raises(TrustError, match="does not hold"):
        judge().verify(publishing().attest(NAME, DIGEST), NAME, DIGEST)


@pytest.mark.parametrize(
    "change",
    [
        {"predicateType": "https://slsa.dev/provenance/v1"}, {"predicate": None}, {"predicate": {}}, {"_type": "x"},
        {"predicate": {"targetChannel": f"{CHANNEL}/"}}, {"subject": []},
        {"subject": [{"name": NAME, "digest": {"sha256": DIGEST}}] * 2},
        {"subject": [{"name": NAME, "digest": {"sha256": DIGEST, "md5": "0" * 32}}]},
        {"subject": [{"name": f"noarch/{NAME}", "digest": {"sha256": DIGEST}}]},
    ],
)  # fmt: skip
def test_what_the_publisher_signed_must_also_say_the_right_thing(change: dict[str, Any]) -> None:
    said = json.loads(statement(NAME, DIGEST, CHANNEL)) | change
    body = sidecar((bundle(acme().publisher, json.dumps(said).encode(), TODAY),))
    with pytest.raises(TrustError, match="the statement's"):
        judge().verify(body, NAME, DIGEST)


def test_one_good_bundle_is_enough() -> None:
    (member,) = json.loads(good())
    other = bundle(acme().publisher, statement(NAME, OTHER, CHANNEL), TODAY)
    assert judge().verify(sidecar((other, member)), NAME, DIGEST).position == 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"[1]", b"null", b"[[]]", b'[{"a": 1, "a": 2}]', b"[" * 9_000, b" " * (LONGEST + 1)]
)
def test_nonsense_is_no_sidecar(body: bytes) -> None:
    with pytest.raises(TrustError):
        judge().verify(body, NAME, DIGEST)


def test_a_sidecar_holds_few_bundles() -> None:
    (member,) = json.loads(good())
    with pytest.raises(TrustError, match="at most 32"):
        judge().verify(sidecar((member,) * 33), NAME, DIGEST)


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_altered_byte_convinces_of_another_package(at: int, byte: int) -> None:
    body = bytearray(good())
    body[at % len(body)] = byte
    with pytest.raises(TrustError, match=r"no attestation vouches|sidecar"):
        judge().verify(bytes(body), NAME, OTHER)


def test_a_certificate_signs_for_its_own_key_only() -> None:
    with pytest.raises(TrustError, match="does not belong"):
        Publisher(key=new_key(), certificate=acme().publisher.certificate, log=acme().publisher.log, channel=CHANNEL)


def test_what_was_signed_after_the_certificate_ended_is_refused() -> None:
    old = publishing(now=TODAY - 2 * YEAR)
    with pytest.raises(TrustError, match="not now"):
        old.publisher.require_valid(TODAY)
    with pytest.raises(TrustError, match="does not hold"):
        verify_sidecar(attest(old.publisher, NAME, DIGEST, TODAY), NAME, DIGEST, CHANNEL, old.trusted_root)


def test_what_was_signed_in_time_holds_after_the_certificate_ended() -> None:
    old = publishing(now=TODAY - 2 * YEAR)
    body = attest(old.publisher, NAME, DIGEST, TODAY - 2 * YEAR)
    assert verify_sidecar(body, NAME, DIGEST, CHANNEL, old.trusted_root)


def test_a_signer_whose_clock_is_a_little_slow_is_believed() -> None:
    slow = attest(acme().publisher, NAME, DIGEST, TODAY - timedelta(minutes=4))
    assert judge().verify(slow, NAME, DIGEST).logged == TODAY - timedelta(minutes=4)


@pytest.mark.parametrize("root", [b"{}", b"[]", b"", b'{"mediaType": "application/json"}'])
def test_a_root_that_is_none_is_named(root: bytes) -> None:
    with pytest.raises(TrustError, match="trusted root"):
        Attestations(root, CHANNEL)


CASES: dict[str, Callable[[Publishing, str, str], bytes]] = {
    "honest": lambda channel, name, digest: channel.attest(name, digest),
    "bytes": lambda channel, name, digest: channel.attest(name, digest[::-1]),
    "name": lambda channel, name, digest: channel.attest(f"x{name}", digest),
    "channel": lambda channel, name, digest: sidecar((
        bundle(channel.publisher, statement(name, digest, "https://elsewhere.example"), TODAY),
    )),
    "authority": lambda channel, name, digest: publishing(channel.publisher.channel).attest(name, digest),
    "stripped": lambda channel, name, digest: without_log(channel.attest(name, digest)),
    "payload": lambda channel, name, digest: with_payload(
        channel.attest(name, digest[::-1]), statement(name, digest, channel.publisher.channel)
    ),
}  # fmt: skip


def without_log(body: bytes) -> bytes:
    (member,) = json.loads(body)
    member["verificationMaterial"]["tlogEntries"] = []
    return sidecar((member,))


def with_payload(body: bytes, payload: bytes) -> bytes:
    (member,) = json.loads(body)
    assert b64decode(member["dsseEnvelope"]["payload"]) != payload
    member["dsseEnvelope"]["payload"] = b64encode(payload).decode()
    return sidecar((member,))


def lay_out(folder: Path, channel: Publishing) -> None:
    """A channel with one package per case, each with the sidecar that its case makes."""
    records = {}
    for case, make in CASES.items():
        name, digest = f"{case}-1.0-0.conda", hashlib.sha256(case.encode()).hexdigest()
        body = make(channel, name, digest)
        sha256 = hashlib.sha256(body).hexdigest()
        (folder / f"{name}.sigs.{sha256}").write_bytes(body)
        records[name] = {
            "name": case, "version": "1.0", "build": "0", "build_number": 0, "depends": [], "subdir": "noarch",
            "noarch": "generic", "sha256": digest, "size": 7, "attestations_sha256": sha256,
        }  # fmt: skip
    repodata = {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": records, "repodata_version": 1}
    (folder / "repodata.json").write_text(json.dumps(repodata))


def test_an_unmodified_py_rattler_accepts_us_offline_and_refuses_the_rest(tmp_path: Path) -> None:
    (tmp_path / "acme" / "noarch").mkdir(parents=True)
    with served(tmp_path) as url:
        channel = publishing(f"{url}/acme")
        (tmp_path / "trusted_root.json").write_bytes(channel.trusted_root)
        lay_out(tmp_path / "acme" / "noarch", channel)
        client = [sys.executable, str(Path(__file__).with_name("rattler_attestations.py"))]
        asked = [*client, f"{url}/acme", str(tmp_path / "trusted_root.json"), *CASES]
        said = json.loads(subprocess.run(asked, check=True, capture_output=True, timeout=60).stdout)
    verdicts = {case: said[f"{case}-1.0-0.conda"] for case in CASES}
    assert {case for case, verdict in verdicts.items() if verdict == "verified"} == {"honest"}, verdicts
    assert PUBLISH.startswith("https://schemas.conda.org/")
