"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40  # lines
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base", "service"}
# Written in pieces, so that this file does not name them.
HOSTS = ("py" + "pi.org", "python" + "hosted.org", "ana" + "conda.org", "npm" + "js.org", "crates" + ".io")
PLACES = ("/wo" + "rk/", "/tm" + "p/x", "/ro" + "ot/", "/home" + "/", "/Use" + "rs/")
OUR_URL = re.compile(r"https?://")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


MODULES = sorted((ROOT / "ci_tools").rglob("*.py"))


@cache
def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def calls(module: Path) -> list[str]:
    """`print`, `sys.exit`, … as they are called in `module`."""
    return [ast.unparse(node.func) for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]


def is_program(module: Path) -> bool:
    """Whether `module` is run in a process of its own, where it is its own door."""
    return '__name__ == "__main__"' in module.read_text(encoding="utf-8")


def in_cli(module: Path) -> bool:
    return "cli" in module.relative_to(ROOT / "ci_tools").parts


def test_a_module_is_one_idea_of_300_lines_at_most() -> None:
    lengths = {m.relative_to(ROOT): m.read_text(encoding="utf-8").count("\n") for m in MODULES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_a_function_fits_on_a_screen() -> None:
    functions = [
        (m.relative_to(ROOT), node.name, (node.end_lineno or 0) - node.lineno + 1)
        for m in MODULES
        for node in ast.walk(tree(m))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert [each for each in functions if each[2] > LONGEST_FUNCTION] == []


def test_a_name_says_what_is_inside() -> None:
    assert [m for m in MODULES if VAGUE & set(m.relative_to(ROOT).with_suffix("").parts)] == []


def test_only_the_command_line_writes_to_stdout() -> None:
    talkers = [m for m in MODULES if "print" in calls(m) and not in_cli(m) and not is_program(m)]
    assert talkers == []


def test_there_is_one_way_out() -> None:
    exits = [m.relative_to(ROOT).as_posix() for m in MODULES if "sys.exit" in calls(m) and not is_program(m)]
    assert exits == ["ci_tools/cli/__init__.py"]


def test_nobody_else_catches_everything() -> None:
    greedy = [
        m.relative_to(ROOT).as_posix()
        for m in MODULES
        for node in ast.walk(tree(m))
        if isinstance(node, ast.ExceptHandler)
        and not is_program(m)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
    ]
    assert greedy == ["ci_tools/cli/__init__.py"]


@pytest.mark.parametrize(("program", "door"), [("subprocess", "ci_tools/adapters/process.py")])
def test_other_programs_are_started_in_one_place(program: str, door: str) -> None:
    importers = [
        m.relative_to(ROOT).as_posix()
        for m in MODULES
        if not is_program(m)
        and any(isinstance(n, ast.Import) and n.names[0].name == program for n in ast.walk(tree(m)))
    ]
    assert importers == [door]


def test_every_module_says_what_it_is() -> None:
    silent = [m.relative_to(ROOT).as_posix() for m in MODULES if not ast.get_docstring(tree(m)) and m.stat().st_size]
    assert silent == []


def test_the_lock_works_behind_any_mirror() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not OUR_URL.search(lock)
    assert "--hash=sha256:" in lock
    assert "file:" not in lock


def test_nothing_names_a_registry_or_a_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [(path.relative_to(ROOT).as_posix(), word) for word in (*HOSTS, *PLACES) if word in text]
    assert found == []


def test_the_rooms_are_stacked() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
