"""Keys are made once, completely, readable by their owner alone, and never over others."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.keystore import KeyFiles, RehearsedKeys
from ci_tools.adapters.signers.local_key import LocalKey, create_key, local_key
from ci_tools.core.attestation import Publisher, attest
from ci_tools.core.generation import read_root
from ci_tools.core.keyset import KeyName, PublicName, trust_material
from ci_tools.core.secret import Secret
from ci_tools.core.sidecar import verify_sidecar
from ci_tools.core.signing import public_key
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.keys import keys

if TYPE_CHECKING:
    from ci_tools.core.keyset import KeysReport

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CHANNEL = "https://conda.acme.example/acme"
URIS = {name: f"file:.keys/{name}.pem" for name in KeyName}
ALL = [*KeyName, *PublicName]
SIGNING = LocalKey(ec.generate_private_key(ec.SECP256R1()))


def store(base: Path, passphrase: Secret | None = None) -> KeyFiles:
    return KeyFiles(URIS, Path(".keys/public"), base, passphrase)


def init(base: Path, now: datetime = NOW) -> KeysReport:
    return keys(store(base), CHANNEL, now)


def place(base: Path, name: KeyName | PublicName) -> Path:
    return base / ".keys" / (f"{name}.pem" if isinstance(name, KeyName) else f"public/{name}")


def contents(base: Path) -> dict[str, bytes]:
    return {str(p.relative_to(base)): p.read_bytes() for p in sorted((base / ".keys").rglob("*")) if p.is_file()}


def test_init_makes_everything_and_then_nothing(tmp_path: Path) -> None:
    first = init(tmp_path)
    made = contents(tmp_path)
    second = init(tmp_path, NOW + timedelta(days=1))
    assert (first.made, first.there) == (tuple(ALL), ())
    assert (second.made, second.there, second.changed) == ((), tuple(ALL), False)
    assert contents(tmp_path) == made
    assert len(made) == len(ALL)


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        init(tmp_path)
    finally:
        os.umask(old)
    modes = {stat.S_IMODE(place(tmp_path, name).stat().st_mode) for name in KeyName}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / ".keys").stat().st_mode) == 0o700


def test_what_was_made_signs_and_verifies(tmp_path: Path) -> None:
    init(tmp_path)
    files = store(tmp_path)
    material, key, log = trust_material(files.published), files.signer(KeyName.PUBLISHER), files.signer(KeyName.LOG)
    assert key is not None
    assert log is not None
    publisher = Publisher(key=key, certificate=material.certificate, log=log, channel=CHANNEL)
    sidecar = attest(publisher, "a-1-0.conda", "0" * 64, NOW)
    assert verify_sidecar(sidecar, "a-1-0.conda", "0" * 64, CHANNEL, material.trusted_root)
    assert read_root(material.root, (), NOW) == material.root


class Dying(KeyFiles):
    """A keystore whose process dies after `left` writes."""

    left: int

    def create(self, name: KeyName) -> LocalKey:
        self._count()
        return super().create(name)

    def publish(self, name: PublicName, body: bytes) -> None:
        self._count()
        super().publish(name, body)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise InterruptedError


@pytest.mark.parametrize("left", range(len(ALL)))
def test_a_set_that_was_half_made_is_completed(tmp_path: Path, left: int) -> None:
    dying = Dying(URIS, Path(".keys/public"), tmp_path)
    dying.left = left
    with pytest.raises(InterruptedError):
        keys(dying, CHANNEL, NOW)
    before = contents(tmp_path) if left else {}
    init(tmp_path)
    after = contents(tmp_path)
    assert before.items() <= after.items()
    assert len(after) == len(ALL)
    assert not init(tmp_path).changed


@pytest.mark.parametrize("name", [KeyName.ONLINE, KeyName.PUBLISHER, KeyName.LOG])
def test_a_key_that_is_needed_and_gone_is_never_made_anew(tmp_path: Path, name: KeyName) -> None:
    init(tmp_path)
    place(tmp_path, name).unlink()
    left = contents(tmp_path)
    with pytest.raises(TrustError, match=f"the {name} key is gone") as caught:
        init(tmp_path)
    assert contents(tmp_path) == left
    assert "restore" in caught.value.problems[0].hint


def test_the_keys_of_the_safe_may_be_in_the_safe(tmp_path: Path) -> None:
    init(tmp_path)
    for name in (KeyName.ROOT, KeyName.CA, KeyName.SCT):
        place(tmp_path, name).unlink()
    report = init(tmp_path)
    assert (report.made, report.elsewhere) == ((), (KeyName.ROOT, KeyName.CA, KeyName.SCT))


def test_a_certificate_is_issued_anew_where_it_was_removed(tmp_path: Path) -> None:
    init(tmp_path)
    place(tmp_path, PublicName.CERTIFICATE).unlink()
    report = init(tmp_path, NOW + timedelta(days=300))
    assert report.made == (PublicName.CERTIFICATE,)
    assert report.certificate_until == NOW + timedelta(days=665)


@pytest.mark.parametrize("name", KeyName)
def test_a_stranger_s_key_is_refused(tmp_path: Path, name: KeyName) -> None:
    init(tmp_path)
    place(tmp_path, name).unlink()
    create_key(place(tmp_path, name))
    left = contents(tmp_path)
    with pytest.raises(TrustError, match=f"the {name} key is not one that"):
        init(tmp_path)
    assert contents(tmp_path) == left


def test_another_set_s_documents_are_refused_all_at_once(tmp_path: Path) -> None:
    for base in (tmp_path / "one", tmp_path / "two"):
        init(base)
    for name in (PublicName.CERTIFICATE, PublicName.TRUST_CONFIG):
        place(tmp_path / "one", name).write_bytes(place(tmp_path / "two", name).read_bytes())
    with pytest.raises(TrustError) as caught:
        init(tmp_path / "one")
    assert [p.message.partition("`")[0] for p in caught.value.problems] == [
        "the publisher key is not one that ", "", "",
    ]  # fmt: skip


def test_keys_belong_to_one_channel(tmp_path: Path) -> None:
    init(tmp_path)
    with pytest.raises(TrustError, match="were made for https://conda"):
        keys(store(tmp_path), "https://elsewhere.example", NOW)


def test_a_second_hand_never_overwrites(tmp_path: Path) -> None:
    init(tmp_path)
    left = contents(tmp_path)
    with pytest.raises(TrustError, match="already"):
        store(tmp_path).create(KeyName.CA)
    with pytest.raises(TrustError, match="already"):
        store(tmp_path).publish(PublicName.ROOT, b"other")
    assert contents(tmp_path) == left


def test_a_rehearsal_says_what_would_be_made_and_writes_nothing(tmp_path: Path) -> None:
    rehearsed = keys(RehearsedKeys(store(tmp_path)), CHANNEL, NOW)
    assert rehearsed.made == tuple(ALL)
    assert list(tmp_path.iterdir()) == []
    init(tmp_path)
    assert not keys(RehearsedKeys(store(tmp_path)), CHANNEL, NOW).changed


def test_trust_material_is_complete_or_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TrustError) as caught:
        trust_material(store(tmp_path).published)
    assert len(caught.value.problems) == len(PublicName)


def test_a_passphrase_locks_a_key(tmp_path: Path) -> None:
    create_key(tmp_path / "a.pem", Secret("correct horse"))
    assert b"ENCRYPTED" in (tmp_path / "a.pem").read_bytes()
    assert local_key("file:a.pem", tmp_path, Secret("correct horse")).public_key_pem
    with pytest.raises(TrustError, match="is encrypted"):
        local_key("file:a.pem", tmp_path)
    with pytest.raises(TrustError, match="no key that can be read") as caught:
        local_key("file:a.pem", tmp_path, Secret("wrong"))
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o666, 0o777])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_key(tmp_path / "a.pem")
    (tmp_path / "a.pem").chmod(mode)
    with pytest.raises(TrustError, match=f"mode {mode:04o}") as caught:
        local_key("file:a.pem", tmp_path)
    assert "chmod 600" in caught.value.problems[0].hint


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (pem(ec.generate_private_key(ec.SECP384R1())), "not ECDSA P-256"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "not ECDSA P-256"),
        (b"", "holds no key"), (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no key"),
        (pem(ec.generate_private_key(ec.SECP256R1()))[:120], "holds no key"),
    ],
    ids=["p384", "ed25519", "empty", "garbage", "truncated"],
)  # fmt: skip
def test_what_is_no_p256_key_is_named(tmp_path: Path, body: bytes, message: str) -> None:
    (tmp_path / "a.pem").write_bytes(body)
    (tmp_path / "a.pem").chmod(0o600)
    with pytest.raises(TrustError, match=message):
        local_key("file:a.pem", tmp_path)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir()
    for name, message in (
        ("pipe", "not a file"),
        ("folder", r"cannot be read|not a file"),
        ("none", "there is no key"),
    ):
        with pytest.raises(TrustError, match=message):
            local_key(f"file:{name}", tmp_path)
    with pytest.raises(UsageError, match="not a key file"):
        local_key("awskms:alias/x", tmp_path)


@given(payload=st.binary(max_size=200))
def test_a_signature_is_repeatable_and_of_the_public_half(payload: bytes) -> None:
    signature = SIGNING.sign(payload)
    public_key(SIGNING.public_key_pem).verify(signature, payload, ec.ECDSA(SHA256()))
    assert signature == SIGNING.sign(payload)
