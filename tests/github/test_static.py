"""The workflow files before every tool that reads them: no finding, and each injected fault is found by a named one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faulty import FAULTS, Fault

from ci_tools.adapters.workflow_files import read_pins, workflow_files
from ci_tools.cli import answer
from ci_tools.core.ci.workflow_rules import RULES

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(*argv: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(cwd)}
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60)


def actionlint(root: Path) -> list[str]:
    ended = run("actionlint", "-format", "{{json .}}", cwd=root)
    return [found["kind"] for found in json.loads(ended.stdout or "[]")]


def zizmor(root: Path) -> list[str]:
    ended = run("zizmor", "--offline", "--no-progress", "--persona=pedantic", "--format=json", ".github", cwd=root)
    return [found["ident"] for found in json.loads(ended.stdout or '[{"ident": "unreadable"}]')]


def schema(root: Path) -> list[str]:
    found = []
    for kind, pattern in (("workflows", ".github/workflows/*.yml"), ("actions", ".github/actions/*/action.yml")):
        files = [str(path) for path in root.glob(pattern)]
        ended = run("check-jsonschema", "--builtin-schema", f"vendor.github-{kind}", *files, cwd=root)
        found += [kind] if ended.returncode else []
    return found


def house(root: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    answer(["--config", str(root / "channel.yaml"), "ci", "check"], {})
    told = capsys.readouterr().err
    return [name for name in RULES if f"[{name}]" in told]


def test_actionlint_has_nothing_to_say() -> None:
    assert actionlint(ROOT) == []


def test_zizmor_has_nothing_to_say_in_its_pedantic_mood() -> None:
    assert zizmor(ROOT) == []


def test_the_files_are_what_the_schema_says() -> None:
    assert schema(ROOT) == []


def test_the_rules_of_the_house_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert house(ROOT, capsys) == []


def test_every_ignore_says_why() -> None:
    for path in (ROOT / ".github").rglob("*.yml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "zizmor: ignore[" in line:
                assert len(line.partition("]")[2].split()) >= 2, (path.name, line)


def test_every_pin_is_used_and_every_use_is_pinned() -> None:
    used = {uses.partition("@")[0] for file in workflow_files(ROOT) for _, uses, _ in file.uses() if "@" in uses}
    assert used == set(read_pins(ROOT))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A git repository with the files as they are."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copy(ROOT / "channel.yaml", tmp_path)
    run("git", "init", "-q", cwd=tmp_path)
    return tmp_path


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_by_the_check_that_is_named_for_it(
    fault: Fault, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fault.inject(copy)
    tool, _, kind = fault.caught_by.partition(":")
    found = {"actionlint": actionlint, "zizmor": zizmor, "schema": schema, "house": lambda root: house(root, capsys)}
    assert kind in found[tool](copy)


def test_the_table_follows_what_dependabot_raised(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = read_pins(copy)["actions/checkout"][1], "1" * 40
    for path in (copy / ".github/workflows").glob("*.yml"):
        path.write_text(path.read_text().replace(f"{old} # v7.0.1", f"{new} # v7.0.2"))
    assert "pins" in house(copy, capsys)
    assert answer(["--config", str(copy / "channel.yaml"), "ci", "check", "--adopt"], {}) == 0
    assert read_pins(copy)["actions/checkout"] == ("v7.0.2", new)
    assert (copy / ".github/pins.yaml").read_text().startswith("# The actions")
