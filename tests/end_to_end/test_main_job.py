"""The main job as people run it: a real git repository, real processes, a bucket on a real S3 server, a real client."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from team import ROOT, WORDS

from ci_tools.core.tokens import TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from team import Team


def published(team: Team, *span: str) -> dict:
    team.channel("plan", *span, "--out", "plan.json")
    team.channel("build", "--plan", "plan.json", "--out", "dist")
    report = team.channel("-q", "publish", "--plan", "plan.json", "dist", "--json")
    return json.loads(report)


def test_from_a_commit_to_an_installed_tool_and_back(team: Team) -> None:
    report = published(team)
    assert report["receipt"]["generation"] == 1
    assert {re.sub(r"-h\w+_0", "", key) for key in report["uploaded"]} == {
        "noarch/greet-1.0.conda",
        "noarch/words-1.0.conda",
    }
    token = TOKEN.search(
        team.channel("access", "grant", "anna", "--owner", "anna@acme.example", "--channel", "acme")
    ).group()
    with team.served():
        assert "words-1.0" in team.install(token, "prefix")
        assert team.run(str(team.path / "prefix/bin/greet")) == "hello\n"
        team.channel("verify", f"http://127.0.0.1:{team.port}/t/{token}/acme")
        team.channel("access", "revoke", "anna", "--now")
        assert "401" in team.install(token, "prefix-2", expect=1)


def test_what_is_published_is_not_planned_again_and_not_built_under_its_name(team: Team) -> None:
    published(team)
    assert json.loads(team.channel("-q", "plan", "--missing", "--json"))["jobs"] == []
    team.write("recipes/words/recipe.yaml", WORDS.replace("echo hello", "echo hello, world"))
    team.commit("Say more")
    refused = team.channel("plan", "--base", "HEAD~1", "--out", "plan.json", expect=3)
    assert "changed but not bumped" in refused
    team.write("recipes/words/recipe.yaml", WORDS.replace("echo hello", "echo hello, world").replace("r: 0", "r: 1"))
    team.commit("Bump")
    report = published(team, "--base", "HEAD~2")
    assert report["receipt"]["generation"] == 2
    assert [p["filename"].rpartition("_")[2] for p in report["receipt"]["published"]] == ["1.conda"]
    assert "generation 2" in team.channel("index", "status")


def test_a_failed_build_holds_back_only_what_needs_it(team: Team) -> None:
    team.write("recipes/words/recipe.yaml", WORDS.replace("grep hello", "grep goodbye"))
    team.write("recipes/other/recipe.yaml", WORDS.replace("name: words", "name: other"))
    team.channel("plan", "--missing", "--out", "plan.json")
    told = team.channel("build", "--plan", "plan.json", "--out", "dist", expect=4)
    assert "grep goodbye" in told
    report = team.channel("publish", "--plan", "plan.json", "dist", "--json", expect=4)
    assert "noarch/other-1.0" in report
    repodata = team.channel("index", "status")
    assert "1 package" in repodata


@pytest.mark.slow
def test_the_demo_shows_all_of_it(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "120"}
    argv = (sys.executable, "-m", "ci_tools.cli", "demo", "--folder", str(tmp_path / "demo"))
    ended = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for sight in (
        "26.2 mi = 42.16481 km",
        "changed but not bumped",
        "401 Unauthorized",
        "it was altered",
        "does not hold",
    ):
        assert sight in ended.stdout
    assert not TOKEN.search(ended.stdout + ended.stderr)
