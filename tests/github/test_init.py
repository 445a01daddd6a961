"""A new channel repository, and what of an old one is out of date."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_tools.adapters.workflow_files import workflow_files
from ci_tools.cli import answer
from ci_tools.core.scaffold import Origin, managed

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT, BIN = Path(__file__).parents[2], Path(sys.executable).parent
TOOL = f"acme/channelsmith@{'a' * 40}#v1.2.3"
SAID = ("--channel", "acme", "--owner", "ops@acme.example", "--codeowner", "@acme/packagers", "--workflows", TOOL)
Told = tuple[int, str]


@pytest.fixture
def init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def call(*words: str) -> Told:
        code = answer(["init", str(tmp_path / "new"), *words], {})
        told = capsys.readouterr()
        return int(code), told.out + told.err

    return call


def test_a_new_repository_holds_by_every_check(init: Callable[..., Told], tmp_path: Path) -> None:
    assert init(*SAID, "--bucket", "acme-conda", "--region", "eu-west-1")[0] == 0
    new = tmp_path / "new"
    config = ["--config", str(new / "channel.yaml")]
    assert answer([*config, "config", "check"], {}) == 0
    assert answer([*config, "ci", "check"], {}) == 0
    assert answer([*config, "access", "list"], {}) == 0
    subprocess.run(["git", "init", "-q", str(new)], check=True)
    for tool in (["actionlint"], ["zizmor", "--offline", "--no-progress", "--persona=pedantic", "-q", ".github"]):
        ended = subprocess.run([BIN / tool[0], *tool[1:]], cwd=new, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_first_recipe_is_planned(
    init: Callable[..., Told], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(*SAID)
    subprocess.run(["git", "init", "-q", str(tmp_path / "new")], check=True)
    assert answer(["--config", str(tmp_path / "new/channel.yaml"), "plan"], {"PATH": "/usr/bin:/bin"}) == 0
    assert "linux-64-hello" in capsys.readouterr().err


def test_callers_name_the_tools_commit_and_version(init: Callable[..., Told], tmp_path: Path) -> None:
    init(*SAID)
    calls = {uses for file in workflow_files(tmp_path / "new") for _, uses, _ in file.uses()}
    assert {use.split("@")[1] for use in calls} == {"a" * 40}
    assert "v1.2.3" in (tmp_path / "new/.github/workflows/publish.yml").read_text()


def test_a_second_run_writes_nothing_and_what_is_there_stays(init: Callable[..., Told], tmp_path: Path) -> None:
    init(*SAID)
    (tmp_path / "new/README.md").write_text("ours\n")
    code, told = init(*SAID)
    assert (code, "nothing to do" in told) == (0, True)
    assert (tmp_path / "new/README.md").read_text() == "ours\n"


def test_a_check_says_what_is_missing_or_out_of_date_and_an_update_mends_it(
    init: Callable[..., Told], tmp_path: Path
) -> None:
    init(*SAID)
    assert init("--check") == (0, "16 files are there, and up to date\n")
    publish = tmp_path / "new/.github/workflows/publish.yml"
    raised = publish.read_text().replace("a" * 40, "b" * 40)
    publish.write_text(raised.replace("cancel-in-progress: false", "cancel-in-progress: true"))
    (tmp_path / "new/recipes/hello/recipe.yaml").unlink()
    code, told = init("--check")
    assert code == 8
    assert "`.github/workflows/publish.yml` is out of date" in told
    assert "`recipes/hello/recipe.yaml` is missing" in told
    assert init("--update")[0] == 0
    assert publish.read_text() == raised
    assert init(*SAID)[0] == 0
    assert init("--check")[0] == 0


def test_what_dependabot_raised_is_up_to_date(init: Callable[..., Told], tmp_path: Path) -> None:
    init(*SAID)
    for path in (tmp_path / "new/.github/workflows").glob("*.yml"):
        path.write_text(path.read_text().replace(f"{'a' * 40} # v1.2.3", f"{'c' * 40} # v2.0.0"))
    assert init("--check")[0] == 0


@pytest.mark.parametrize(("words", "said"), [
    (("--owner", "x"), "--channel is missing"),
    (("--channel", "acme", "--url", "https://x.example/other"), "does not end in `/acme`"),
    (("--channel", "acme", "--workflows", "acme/tool@v1"), "is no place of workflows"),
])  # fmt: skip
def test_a_wrong_word_is_said_and_nothing_is_written(
    words: tuple[str, ...], said: str, init: Callable[..., Told], tmp_path: Path
) -> None:
    code, told = init(*words)
    assert (code, said in told) == (2, True), told
    assert not (tmp_path / "new").exists()


def test_our_own_callers_are_what_it_makes() -> None:
    """This repository is its own first channel repository: its callers call what lies beside them."""
    for path, text in managed(Origin(workflows="$")).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, path


def test_a_dry_run_writes_nothing(init: Callable[..., Told], tmp_path: Path) -> None:
    assert "would write channel.yaml" in init(*SAID, "--dry-run")[1]
    assert not (tmp_path / "new").exists()
