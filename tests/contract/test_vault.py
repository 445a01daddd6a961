"""What every vault keeps to: a folder, and AWS Secrets Manager as moto speaks it."""

from __future__ import annotations

import stat
import uuid
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.vaults.folder import FolderVault
from ci_tools.adapters.vaults.secrets_manager import SecretsManager
from ci_tools.core.secret import Secret
from ci_tools.errors import ConflictError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

    import servers

    from ci_tools.ports.rotation import Vault


@pytest.fixture(params=["folder", "secrets manager"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    if request.param == "folder":
        return FolderVault(root=tmp_path / "secrets")
    moto: servers.S3Server = request.getfixturevalue("moto")
    prefix = f"conda-{uuid.uuid4().hex[:8]}"
    return SecretsManager(prefix=prefix, region="us-east-1", endpoint=moto.endpoint, session=moto.session())


def text_of(vault: Vault, name: str) -> str:
    kept = vault.read(name)
    assert kept
    return kept.text.reveal()


def test_what_is_kept_is_read_and_what_is_not_is_nothing(vault: Vault) -> None:
    assert vault.read("rotation/a") is None
    version = vault.write("rotation/a", Secret("one"), "")
    kept = vault.read("rotation/a")
    assert kept is not None
    assert (kept.text, kept.version) == (Secret("one"), version)
    assert vault.read("rotation") is None


def test_a_secret_is_replaced_by_whoever_read_it_last(vault: Vault) -> None:
    one = vault.write("a", Secret("one"), "")
    two = vault.write("a", Secret("two"), one)
    assert text_of(vault, "a") == "two"
    for stale in (one, ""):
        with pytest.raises(ConflictError):
            vault.write("a", Secret("three"), stale)
    assert text_of(vault, "a") == "two"
    vault.write("a", Secret("three"), two)
    assert text_of(vault, "a") == "three"


def test_a_secret_that_is_not_there_is_not_replaced(vault: Vault) -> None:
    with pytest.raises((ConflictError, StoreError)):
        vault.write("a", Secret("one"), "0" * 32)
    assert vault.read("a") is None


def test_many_versions_go_by(vault: Vault) -> None:
    version = ""
    for number in range(30):
        version = vault.write("a", Secret(f"n{number}"), version)
    assert text_of(vault, "a") == "n29"


def test_a_folder_of_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    FolderVault(root=tmp_path / "secrets").write("rotation/deep/a", Secret("one"), "")
    for path in (tmp_path / "secrets").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["", "/a", "a/../b", "a//b", "."])
def test_a_folder_takes_no_name_that_leads_out_of_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        FolderVault(root=tmp_path / "secrets").write(name, Secret("one"), "")
