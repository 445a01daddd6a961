"""A step's line is a command that there is, with options that it has; a job's environment is one that has a role."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from ci_tools.adapters.workflow_files import workflow_files
from ci_tools.cli.verbs import VERBS

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "ci_tools/infrastructure/channel.yaml"
LINES = sorted({
    (file.name, step.run)
    for file in workflow_files(ROOT)
    for job in file.jobs()
    for step in job.steps
    if (step.run or "").startswith("channel ")
})  # fmt: skip


def command(words: list[str]) -> tuple[click.Command | None, list[str], str]:
    found: click.Command | None = import_module(VERBS[words[0]][0]).command if words[0] in VERBS else None
    path, rest = words[:1], words[1:]
    while isinstance(found, click.Group) and rest:
        path.append(rest[0])
        found, rest = found.commands.get(rest[0]), rest[1:]
    return found, rest, " ".join(path)


@pytest.mark.parametrize(("file", "line"), LINES)
def test_a_line_is_a_command_with_its_options(
    file: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    words = shlex.split(re.sub(r"\$[A-Z_]+", "x", line))[1:]
    found, rest, path = command(words)
    assert found is not None, f"{file}: there is no `channel {path}`"
    # As below `channel`: a command keeps the help option of the first context it is ever in.
    found.make_context(path, rest, help_option_names=["-h", "--help"])


def test_the_environments_that_jobs_name_have_a_role_each() -> None:
    """Who may take which role is evaluated in tests/infrastructure; here, that no job asks for another."""
    named = {
        str(job.body["environment"])
        for file in workflow_files(ROOT)
        for job in file.jobs()
        if "environment" in job.body
    }
    assert named == {"access", "channel", "maintain", "preview"}
    if not TEMPLATE.is_file():
        pytest.skip("the template is still being built")
    roles = set(re.findall(r":environment:([a-z]+)\"", TEMPLATE.read_text(encoding="utf-8")))
    assert named <= roles
