"""Whoever reads all that the commands write and say finds no secret in it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from servers import SECRET_KEY
from team import WORDS, new_team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import S3Server
    from team import Team

SECRETS = {
    "CHANNEL_KEY_PASSPHRASE": "hush-passphrase-0123456789",
    "CHANNEL_TOKEN": "0123456789ab-" + "5ec4e7" * 6 + "5ec4",
    "GITHUB_TOKEN": "ghs_hush0123456789hush0123456789hush0123",
}
WANTED = (*SECRETS.values(), SECRET_KEY)
# A build that shows whatever it has, and fails.
SNOOP = WORDS.replace("name: words", "name: snoop").replace("grep hello", "env; cat /proc/$PPID/environ; false; grep x")
# What each command ends with: 3 a plan that refuses, 4 a build that failed, 6 or 7 a store that is not there, …
LINES = (
    ("0", "config check"), ("0", "config schema"), ("0", "doctor"), ("0", "keys list"), ("03", "lint"),
    ("0", "plan --missing --out plan.json"), ("0", "plan --missing --explain words"),
    ("4", "build --plan plan.json --out dist"), ("4", "build snoop --out dist-2"),
    ("4", "publish --plan plan.json dist --dry-run"), ("4", "publish --plan plan.json dist"),
    ("0", "report dist"), ("7", "verify"), ("0", "index status"), ("0", "index history"), ("08", "index check"),
    ("0", "index refresh"), ("0", "index compact"), ("0", "index rebuild"), ("0", "index gc"),
    ("0", "access grant anna --owner a@acme.example --channel acme"), ("0", "access list"),
    ("0", "access revoke anna --now"), ("0", "yank words-1.0-h4616a5c_0 --reason broken"), ("0", "index refresh"),
    ("267", "verify http://user:hush-passphrase-0123456789@127.0.0.1:9/acme"),
    ("267", "import http://127.0.0.1:9/t/" + SECRETS["CHANNEL_TOKEN"] + "/acme words"),
    ("2", "plan --config nowhere.yaml"), ("2", "access grant --owner " + SECRETS["CHANNEL_TOKEN"]),
)  # fmt: skip


@pytest.fixture
def team(tmp_path: Path, seaweedfs: S3Server) -> Team:
    team = new_team(tmp_path, seaweedfs, **SECRETS)
    team.write("recipes/snoop/recipe.yaml", SNOOP)
    team.commit("Add a curious recipe")
    return team


def written(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


@pytest.mark.slow
def test_no_command_shows_or_keeps_a_secret(team: Team, tmp_path: Path, seaweedfs: S3Server) -> None:
    for codes, line in LINES:
        code, told = team.told("-v", *line.split())
        assert str(code) in codes, f"{line} ended with {code}: {told}"
        assert [secret for secret in WANTED if secret in told] == [], line
    bucket = seaweedfs.client()
    name = (team.path / "channel.yaml").read_text().partition("bucket: ")[2].partition(",")[0]
    objects = bucket.list_objects_v2(Bucket=name)["Contents"]
    bodies = [(o["Key"], bucket.get_object(Bucket=name, Key=o["Key"])["Body"].read()) for o in objects]
    assert bodies
    found = [
        (str(where), secret)
        for where, body in (*written(tmp_path), *bodies)
        for secret in WANTED
        if secret.encode() in body
    ]
    assert found == []


def test_private_keys_are_their_owners_alone(team: Team) -> None:
    keys = [path for path in (team.path / ".keys").rglob("*.pem") if b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert all(b"ENCRYPTED" in path.read_bytes() for path in keys)
