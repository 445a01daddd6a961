"""`channel bump` as it is called: in the working tree, or as pull requests."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_bump_flow import NEW, index_of, sha, simple

from ci_tools import documents
from ci_tools.cli import answer
from ci_tools.core.bump.outcome import BumpReport

sys.path.insert(0, str(Path(__file__).parents[1] / "github"))
from github_double import State, github

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pages import Pages
    from repositories import Repo

    Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def channel(repo: Repo, capfd: pytest.CaptureFixture[str]) -> Call:
    def call(*argv: str, **env: str) -> tuple[int, str, str]:
        code = answer(["--config", str(repo.path / "channel.yaml"), "bump", *argv], {"PATH": os.environ["PATH"], **env})
        told = capfd.readouterr()
        return int(code), told.out, told.err

    return call


@pytest.fixture
def shop(repo: Repo, web: Pages) -> Repo:
    web.held = {
        "/pypi/thing/json": index_of("1.3"), "/packages/source/t/thing/thing-1.3.tar.gz": NEW,
        "/pypi/other/json": index_of("1.2"),
    }  # fmt: skip
    for name in ("thing", "other"):
        repo.write(f"recipes/{name}/recipe.yaml", simple(web.url, name))
    repo.write(
        "recipes/lost/recipe.yaml", "package: {name: lost, version: '1'}\nsource: {url: 'https://x.example/y'}\n"
    )
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "recipes")
    return repo


def test_the_working_tree_is_bumped_and_said(shop: Repo, channel: Call, web: Pages) -> None:
    code, out, err = channel("-v")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert lines[0] == f"recipes/thing 1.2 -> 1.3 {web.url}/pypi/thing/json"
    assert "recipes/lost: nobody knows where its versions are announced" in lines
    assert "recipes/other: 1.2 is the newest" in lines
    assert err.splitlines()[-1] == "1 new version written, 1 at the newest, 1 unclear"
    assert shop.git("status", "--porcelain") == "M recipes/thing/recipe.yaml"
    assert sha(NEW) in (shop.path / "recipes/thing/recipe.yaml").read_text()


def test_a_dry_run_changes_nothing_and_one_recipe_can_be_named(shop: Repo, channel: Call) -> None:
    code, out, err = channel("thing", "--dry-run")
    assert (code, out.startswith("recipes/thing")) == (0, True)
    assert "1 new version would be written" in err
    assert shop.git("status", "--porcelain") == ""
    assert channel("nobody")[0] == 2


def test_json_is_the_report_alone(shop: Repo, channel: Call) -> None:
    report = documents.read(BumpReport, channel("--json", "--dry-run")[1].encode(), "stdout")
    assert [outcome.kind for outcome in report.outcomes] == ["left", "newest", "bumped"]
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("shop")
def test_no_answer_at_all_is_the_network_and_ends_with_seven(channel: Call, web: Pages) -> None:
    web.held = {}
    code, _, err = channel()
    assert (code, "nothing was found out about any recipe" in err) == (7, True)


@pytest.fixture
def forge() -> Iterator[State]:
    with github() as state:
        state.objects["b" * 40] = {"sha": "b" * 40, "tree": {"sha": "c" * 40}, "parents": [], "url": ""}
        state.refs["heads/main"] = "b" * 40
        yield state
    assert state.violations == []


def test_each_new_version_is_proposed_once_and_nothing_is_written_here(shop: Repo, channel: Call, forge: State) -> None:
    env = {
        "GITHUB_REPOSITORY": forge.repository, "GITHUB_TOKEN": "t0ken", "GITHUB_API_URL": forge.url,
        "CHANNEL_FORGE_PAUSE": "0",
    }  # fmt: skip
    for _ in range(2):
        code, out, err = channel("--propose", **env)
        assert code == 0
    (number,) = forge.pulls
    assert f"#{number}" in out
    assert "1 new version proposed" in err
    assert forge.pulls[number]["title"] == "thing 1.2 -> 1.3"
    assert "`1.3`" in forge.pulls[number]["body"]
    assert "heads/bump/recipes-thing" in forge.refs
    bodies = [base64.b64decode(o["content"]).decode() for o in forge.objects.values() if o.get("encoding") == "base64"]
    assert all(sha(NEW) in body for body in bodies)
    assert shop.git("status", "--porcelain") == ""


def test_without_a_token_nothing_is_proposed(shop: Repo, channel: Call) -> None:
    code, _, err = channel("--propose")
    assert (code, "GITHUB_TOKEN is not set" in err) == (2, True)
    assert shop.git("status", "--porcelain") == ""
