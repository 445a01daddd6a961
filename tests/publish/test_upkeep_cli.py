"""Looking after a channel as people do: command by command, on a channel in a folder that another one moved into."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from packages import make_package

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.cli import answer
from ci_tools.core.package import Subdir
from ci_tools.core.repodata import IndexEntry, IndexState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple]:
    """A channel with keys, and beside it the folder `there`, another channel of two packages."""
    packages = [make_package(tmp_path / "there", name) for name in ("one", "two")]
    found = [ArchiveReader().read(path, Subdir.NOARCH) for path in packages]
    state = IndexState.empty(Subdir.NOARCH).including(IndexEntry(filename=a.filename, record=a.record) for a in found)
    repodata = next(d.body for d in state.documents() if d.key == "noarch/repodata.json")
    (tmp_path / "there/noarch/repodata.json").write_bytes(repodata)
    (tmp_path / "channel.yaml").write_text("channel: acme\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, expect: int = 0) -> str:
        code = answer(argv, {"HOME": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
        out, err = capsys.readouterr()
        assert int(code) == expect, out + err
        return out if "--json" in argv else out + err

    run("keys", "init")
    return run


def test_a_channel_is_looked_after_command_by_command(channel: Callable[..., str], tmp_path: Path) -> None:
    assert "would import 2 packages" in channel("import", "there", "--dry-run")
    assert not (tmp_path / ".channel/tuf/timestamp.json").exists()
    assert "generation 1: imported 2 packages" in channel("import", "there")
    assert "nothing to do" in channel("import", "there")
    assert "whole" in channel("index", "check")
    assert "nothing to do" in channel("index", "rebuild")

    assert "yanked    noarch/one-1.0-0.conda: loses data" in channel("yank", "one-1.0-0", "--reason", "loses data")
    assert "would write" in channel("index", "refresh", "--dry-run")
    assert "generation 2: refresh" in channel("index", "refresh")
    assert (
        '"one-1.0-0.conda"'
        not in json.loads((tmp_path / ".channel/noarch/repodata.json").read_text())["packages.conda"]
    )
    assert "unyanked  noarch/one-1.0-0.conda" in channel("unyank", "one-1.0-0")
    assert "unyanked" in channel("index", "refresh")

    history = json.loads(channel("index", "history", "--json"))
    assert [step["cause"]["what"] for step in history["steps"]] == ["refresh", "refresh", "import"]
    assert "generation 4: rollback to 2" in channel("index", "rollback", "2")
    assert "yanked" in channel("index", "history")
    channel("index", "compact")
    assert "kept" in channel("index", "gc", "--dry-run")
    channel("verify")


def test_a_difference_is_exit_code_8_and_names_what_mends_it(channel: Callable[..., str], tmp_path: Path) -> None:
    channel("import", "there")
    (tmp_path / ".channel/noarch/repodata.json").write_text("{}", encoding="utf-8")
    (tmp_path / ".channel/noarch/stranger-1-0.conda").write_bytes(b"x")
    told = channel("index", "check", expect=8)
    assert "noarch/repodata.json: holds bytes that the generation does not list" in told
    assert "hint: channel index check --repair" in told
    assert len(json.loads(channel("index", "check", "--json", expect=8))["differences"]) == 2
    rehearsed = channel("index", "check", "--repair", "--dry-run")
    assert "would delete (1)\n  noarch/stranger-1-0.conda" in rehearsed
    assert (tmp_path / ".channel/noarch/stranger-1-0.conda").exists()
    assert "mended (2)" in channel("index", "check", "--repair")
    channel("index", "check")


def test_what_a_clumsy_person_gets(channel: Callable[..., str]) -> None:
    assert "is not published" in channel("yank", "one-1.0-0", "--reason", "x", expect=2)
    channel("import", "there")
    assert "did you mean `one-1.0-0`?" in channel("yank", "on-1.0-0", "--reason", "x", expect=2)
    assert "neither a date nor a duration" in channel("yank", "one-1.0-0", "--reason", "x", "--until", "soon", expect=2)
    assert "never was at a generation 9" in channel("index", "rollback", "9", expect=2)
    assert "there is no folder" in channel("import", "nowhere", expect=6)
    assert "is not a match spec" in channel("import", "there", "one >>", expect=2)
    assert "satisfies `three`" in channel("import", "there", "three", expect=6)


def test_patches_of_the_repository_are_applied_and_checked(channel: Callable[..., str], tmp_path: Path) -> None:
    channel("import", "there")
    (tmp_path / "recipes/patches").mkdir(parents=True)
    patch = tmp_path / "recipes/patches/one.yaml"
    patch.write_text('patches:\n  - {match: one, reason: needs two, depends: {ad: ["two"]}}\n', encoding="utf-8")
    assert "one.yaml:2:" in channel("index", "refresh", expect=2)
    patch.write_text('patches:\n  - {match: one, reason: needs two, depends: {add: ["two"]}}\n', encoding="utf-8")
    diff = channel("index", "patches")
    assert "noarch/one-1.0-0.conda" in diff
    assert '+ depends: "two"' in diff
    assert "patched    noarch/one-1.0-0.conda: needs two" in channel("index", "refresh")
    assert "nothing to do" in channel("index", "patches")
    channel("verify")


STAND_IN = """\
#!{python}
import json, sys
from pathlib import Path
from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core.package import Subdir
folder = Path(sys.argv[-1])
for subdir in folder.iterdir():
    records = {{}}
    for path in sorted(subdir.glob("*.conda")):
        record = ArchiveReader().read(path, Subdir(subdir.name)).record.to_json()
        record |= {{"license_family": None, "indexed_timestamp": 1, "license": ""}}
        record["license"] = "MIT" if path.name.startswith("one") else ""
        records[path.name] = record
    (subdir / "repodata.json").write_text(json.dumps({{"packages": {{}}, "packages.conda": records}}))
"""


def test_another_program_may_say_what_the_records_are(channel: Callable[..., str], tmp_path: Path) -> None:
    compare = ("index", "rebuild", "--using", "conda-index")
    channel("import", "there")
    told = channel(*compare, expect=2)
    assert "there is no `conda-index` on PATH" in told
    program = tmp_path / "bin/conda-index"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    told = channel(*compare, expect=8)
    assert 'recorded   noarch/one-1.0-0.conda\n    + license: "MIT"' in told
    assert "conda-index has 1 record otherwise" in told
    assert "recorded   noarch/one-1.0-0.conda: license" in channel(*compare, "--accept")
    assert "conda-index says the same" in channel(*compare)
    channel("verify")
    assert "generation 3: rebuild" in channel("index", "rebuild")
    program.write_text("#!/bin/sh\necho its own words\nexit 3\n", encoding="utf-8")
    assert "its own words" in channel("-v", *compare, expect=6)
