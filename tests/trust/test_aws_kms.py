"""Keys in KMS sign what clients verify; on a bad day nothing is published and the error says what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from kms_server import Kms, KmsKey, kms_server
from simulator import NOW, URL, Package, World

from ci_tools.adapters.signers.aws_kms import AwsKmsKey
from ci_tools.adapters.signers.local_key import LocalKey
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.adapters.stores.s3 import S3Store
from ci_tools.cli import answer
from ci_tools.core import trusted_root as roots
from ci_tools.core.attestation import Publisher, attest
from ci_tools.core.certificates import Authority, authority, publisher_certificate
from ci_tools.core.generation import Lifetimes
from ci_tools.core.package import Subdir
from ci_tools.core.root import first_root
from ci_tools.core.sidecar import verify_sidecar
from ci_tools.errors import ChannelError, ExitCode
from ci_tools.flows.follow import follow
from ci_tools.flows.index import index
from ci_tools.flows.publish import publish
from ci_tools.flows.sign_anew import sign_anew
from ci_tools.flows.transaction import Notary, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALIAS = "awskms:alias/acme-online"
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kms]:
    """A KMS that the client finds as it finds AWS: by the environment."""
    found = Kms({"alias/acme-online": KmsKey(), ARN: KmsKey()})
    with kms_server(found) as endpoint:
        for name, value in {
            "AWS_ENDPOINT_URL_KMS": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield found


def test_a_generation_signed_in_kms_is_followed(kms: Kms, tmp_path: Path) -> None:
    root, online = LocalKey.generated(), AwsKmsKey(ALIAS)
    pinned = first_root(root, online, NOW, Lifetimes().root)
    world = World(folder=tmp_path)
    found = world.setting()
    setting = Setting(
        store=found.store, notary=Notary(root=pinned, online=online), cause=found.cause, now=NOW, pause=found.pause
    )

    index((), (Subdir.NOARCH,), setting)
    sign_anew(setting)
    assert follow(StoredSource(found.store, URL), pinned, NOW).generation.number == 2
    assert kms.calls.count("Sign") == 6


def test_an_attestation_by_keys_in_kms_is_accepted(kms: Kms) -> None:
    leaf, log = AwsKmsKey(f"awskms:{ARN}"), AwsKmsKey(ALIAS)
    ca, sct = LocalKey.generated(), LocalKey.generated()
    issuer = Authority(key=ca, certificate=authority(ca, URL, NOW), sct=sct)
    certificate = publisher_certificate(issuer, leaf, URL, NOW)
    trusted = roots.document(roots.trusted_root(URL, issuer.certificate, log, sct))
    publisher = Publisher(key=leaf, certificate=certificate, log=log, channel=URL)
    kms.calls.clear()
    sidecar = attest(publisher, "a-1-0.conda", "0" * 64, NOW)
    assert verify_sidecar(sidecar, "a-1-0.conda", "0" * 64, URL, trusted)
    assert kms.calls.count("Sign") == 3


@pytest.mark.parametrize(
    ("code", "says", "hint", "exit_code"),
    [
        ("AccessDeniedException", "does not let us use the key", "needs kms:Sign on the key", ExitCode.TRUST),
        ("DisabledException", "is disabled", "enable it again", ExitCode.TRUST),
        ("KMSInvalidStateException", "pending deletion", "cancel-key-deletion", ExitCode.TRUST),
        ("NotFoundException", "is not there", "check the alias", ExitCode.TRUST),
        ("UnrecognizedClientException", "does not know these credentials", "log in again", ExitCode.TRUST),
        ("SomethingNewException", "refuses the key", "-v", ExitCode.TRUST),
    ],
)
def test_a_key_that_refuses_says_what_to_do(kms: Kms, code: str, says: str, hint: str, exit_code: ExitCode) -> None:
    key = AwsKmsKey(ALIAS)
    assert key.public_key_pem
    kms.errors.append(code)
    with pytest.raises(ChannelError, match=says) as caught:
        key.sign(b"x")
    assert hint in caught.value.problems[0].hint
    assert caught.value.exit_code is exit_code


def test_a_throttled_key_is_asked_again_and_then_given_up(kms: Kms) -> None:
    key = AwsKmsKey(ALIAS, tries=2)
    kms.errors += ["ThrottlingException"]
    assert key.sign(b"x")
    kms.errors += ["ThrottlingException"] * 2
    with pytest.raises(ChannelError, match="2 times in a row") as caught:
        key.sign(b"x")
    assert caught.value.exit_code is ExitCode.REMOTE
    assert "nothing was published" in caught.value.problems[0].hint


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "DisabledException"])
def test_nothing_is_published_where_the_online_key_fails(kms: Kms, tmp_path: Path, code: str) -> None:
    pinned = first_root(LocalKey.generated(), AwsKmsKey(ALIAS), NOW, Lifetimes().root)
    world = World(folder=tmp_path)
    found = world.setting()
    key = AwsKmsKey(ALIAS, tries=1)
    assert key.public_key_pem
    setting = Setting(
        store=found.store, notary=Notary(root=pinned, online=key), cause=found.cause, now=NOW, pause=found.pause
    )

    plan, delivery = world.deliver(Package(name="data"))
    kms.errors.append(code)
    with pytest.raises(ChannelError, match="KMS"):
        publish(plan, (delivery,), setting, world.press())
    assert [head.key for head in found.store.list("tuf/")] == ["tuf/1.root.json"]
    assert not [head.key for head in found.store.list("noarch/repodata")]


@pytest.mark.parametrize(("spec", "usage"), [("ECC_NIST_P384", "SIGN_VERIFY"), ("ECC_NIST_P256", "KEY_AGREEMENT")])
def test_another_kind_of_key_is_refused(kms: Kms, spec: str, usage: str) -> None:
    kms.keys["alias/odd"] = KmsKey(spec, usage)
    with pytest.raises(ChannelError, match="is not ECC_NIST_P256 for SIGN_VERIFY") as caught:
        AwsKmsKey("awskms:alias/odd").sign(b"x")
    assert "create-key" in caught.value.problems[0].hint


def test_a_signature_that_does_not_hold_is_never_used(kms: Kms) -> None:
    kms.forged = True
    with pytest.raises(ChannelError, match="no signature of"):
        AwsKmsKey(ALIAS).sign(b"x")


def test_a_kms_that_is_not_there_may_be_tried_again(kms: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kms.calls == []
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    with pytest.raises(ChannelError, match="did not answer") as caught:
        AwsKmsKey(ALIAS, tries=1).sign(b"x")
    assert caught.value.exit_code is ExitCode.REMOTE


@pytest.mark.parametrize(("behind", "says"), [(600, "10m ahead of the server's"), (-600, "10m behind the server's")])
def test_a_clock_ten_minutes_off_signs_nothing(kms: Kms, behind: float, says: str) -> None:
    key = AwsKmsKey(ALIAS)
    assert key.sign(b"x")
    kms.behind = behind
    with pytest.raises(ChannelError, match=says) as caught:
        key.sign(b"x")
    assert "nothing was published" in caught.value.problems[0].hint
    kms.behind = behind / 5
    assert key.sign(b"x")


def test_a_store_s_clock_counts_too(kms: Kms) -> None:
    """Whatever the server says otherwise: its answer is dated."""
    kms.behind = 600
    with pytest.raises(ChannelError, match="10m ahead of"):
        S3Store(bucket="x", region="eu-west-1", endpoint=os.environ["AWS_ENDPOINT_URL_KMS"], tries=1).delete("a")


@pytest.mark.parametrize("uri", ["awskms:", "file:x", "alias/x"])
def test_what_is_no_kms_key_is_the_caller_s_mistake(uri: str) -> None:
    with pytest.raises(ChannelError, match="is not a KMS key"):
        AwsKmsKey(uri)


def test_a_repository_with_keys_in_kms_is_set_up_and_rotated(
    kms: Kms, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kms.keys["alias/acme-online-2"] = KmsKey()
    (tmp_path / "channel.yaml").write_text(f"channel: acme\nurl: {URL}\ntrust: {{online: '{ALIAS}'}}\n")
    config = ("--config", str(tmp_path / "channel.yaml"))
    assert answer(["keys", "init", *config], {}) == 0
    assert answer(["keys", "init", *config], {}) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert not (tmp_path / ".keys/online.pem").exists()
    assert answer(["keys", "rotate", "online", "--to", f"{ALIAS}-2", *config], {}) == 0
    assert "root 2 is in force" in capsys.readouterr().err
    assert answer(["keys", "rotate", "online", "--to", "awskms:alias/nowhere", *config], {}) == 5
    assert "is not there" in capsys.readouterr().err
