"""`channel lint` as it is called: findings on stdout, what was done on stderr, exit code 3 for an error."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from ci_tools import documents
from ci_tools.cli import answer
from ci_tools.core.lint.rule import LintReport
from ci_tools.core.lint.verdict import RULES
from ci_tools.flows.published import Published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from repositories import Repo

    Call = Callable[..., tuple[int, str, str]]

BAD = """\
schema_version: 1
package:
  name: zlib
  version: 1.10
source:
  url: http://example.com/zlib-1.10.tar.gz
build:
  number: 0
  noarch: generic
  script: pip install .
about:
  license: zlib
extra:
  channel:
    needs: [ccc]
    skip-lints:
      - {id: shadows-upstream, reason: ours has the patch that the public one lacks}
      - {id: missing-test, reason: it is a table}
"""
MORE = "requirements: {run: [gc]}\n"


@pytest.fixture
def channel(repo: Repo, capfd: pytest.CaptureFixture[str]) -> Call:
    def call(*argv: str, **env: str) -> tuple[int, str, str]:
        known = {"PATH": os.environ["PATH"], "COLUMNS": "100", **env}
        code = answer(["--config", str(repo.path / "channel.yaml"), "lint", *argv], known)
        told = capfd.readouterr()
        return int(code), told.out, told.err

    return call


@pytest.fixture
def shop(repo: Repo) -> Repo:
    repo.write("recipes/zlib/recipe.yaml", BAD)
    repo.commit()
    return repo


def shown(told: tuple[int, str, str]) -> str:
    code, out, err = told
    return f"{out}--- stderr\n{err}[{code}]\n"


@pytest.mark.usefixtures("shop")
def test_findings_are_lines_that_editors_know(channel: Call, golden: Callable[..., None]) -> None:
    golden("findings.txt", shown(channel("-v")))


@pytest.mark.usefixtures("shop")
def test_github_is_told_beside_the_lines_and_in_the_summary(
    channel: Call, golden: Callable[..., None], tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    told = shown(channel(GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary)))
    golden("github.txt", told + "--- summary\n" + summary.read_text())


def test_the_list_of_rules_and_each_explanation(channel: Call, golden: Callable[..., None]) -> None:
    code, listed, _ = channel("--rules")
    explained = [channel("--explain", rule) for rule in RULES]
    assert {code, *(each[0] for each in explained)} == {0}
    golden("rules.txt", "\n".join([listed, *(out for _, out, _ in explained)]))


def test_json_is_the_report_alone(shop: Repo, channel: Call) -> None:
    code, out, _ = channel("--json")
    report = documents.read(LintReport, out.encode(), "stdout")
    assert (code, report.recipes, report.fails) == (3, 1, True)
    assert {finding.path for finding in report.findings} == {"recipes/zlib/recipe.yaml"}
    assert json.loads(out)["format"] == "lint-report/1"
    assert shop.git("status", "--porcelain") == ""


def test_fix_mends_what_it_can_and_a_dry_run_nothing(shop: Repo, channel: Call) -> None:
    file = shop.path / "recipes/zlib/recipe.yaml"
    code, out, err = channel("--fix", "--dry-run")
    assert (code, file.read_text()) == (3, BAD)
    assert "would mend recipes/zlib/recipe.yaml" in err
    code, out, err = channel("--fix")
    assert "mended recipes/zlib/recipe.yaml" in err
    assert (code, "number-version" in out, "unpinned-source" in out) == (3, False, True)
    assert file.read_text() == BAD.replace("version: 1.10", 'version: "1.10"').replace("license: zlib", "license: Zlib")


def test_warnings_alone_are_no_failure(repo: Repo, channel: Call) -> None:
    repo.write(
        "recipes/data/recipe.yaml",
        "schema_version: 1\npackage: {name: data, version: a}\nbuild: {noarch: generic}\nabout: {license: MIT}\n",
    )
    code, out, err = channel()
    assert (code, "[missing-tests]" in out) == (0, True)
    assert err.splitlines()[-1] == "1 recipe: 1 warning, 2 notices"


def test_channel_yaml_says_how_grave_a_rule_is(shop: Repo, channel: Call) -> None:
    shop.write("channel.yaml", "channel: acme\nlint: {missing-tests: error, unpinned-source: off}\n")
    _, out, _ = channel()
    assert ("error: `zlib` has no test" in out, "unpinned-source" in out) == (True, False)
    shop.write("channel.yaml", "channel: acme\nlint: {mising-tests: error}\n")
    code, _, err = channel()
    assert (code, "did you mean `missing-tests`?" in err) == (2, True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nobody"], "there is no recipe `nobody`"),
        (["--explain", "mising-tests"], "did you mean `missing-tests`?"),
        (["--base", "nonsense"], "`nonsense` names no commit here"),
    ],
)
def test_a_wrong_word_on_the_command_line_ends_with_two(channel: Call, argv: list[str], said: str) -> None:
    code, _, err = channel(*argv)
    assert (code, said in err) == (2, True)


def test_a_channel_that_does_not_answer_is_said_and_stops_nothing(shop: Repo, channel: Call) -> None:
    shop.write("channel.yaml", "channel: acme\nrecipes: {upstream: ['http://127.0.0.1:9/none']}\n")
    code, out, err = channel()
    assert (code, "[unpinned-source]" in out) == (3, True)
    assert (
        "not asked: upstream, so only well-known names are compared: http://127.0.0.1:9/none cannot be reached" in err
    )
    assert "not asked: the channel and upstream (--offline)" in channel("--offline")[2]


def test_upstreams_own_names_are_compared_where_it_can_be_read(shop: Repo, channel: Call, tmp_path: Path) -> None:
    folder = tmp_path / "upstream" / "noarch"
    folder.mkdir(parents=True)
    files = {"zlib-1.3-h1_0.conda": {}, "gcc-13-h1_0.tar.bz2": {}}
    (folder / "repodata.json").write_text(json.dumps({"packages": {}, "packages.conda": files}))
    shop.write("channel.yaml", f"channel: acme\nrecipes: {{upstream: ['{folder.parent}']}}\n")
    shop.write(
        "recipes/zlib/recipe.yaml",
        BAD.replace("shadows-upstream", "large-file").replace("zlib\nextra", "Zlib\nextra") + MORE,
    )
    _, out, _ = channel()
    assert "`zlib` is also the name of a package in" in out
    assert "no channel has `gc` [unknown-requirement]\n    did you mean `gcc`?" in out


def test_a_run_of_ci_looks_at_what_its_event_changed(
    shop: Repo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = shop.git("rev-parse", "HEAD")
    shop.write("recipes/new/recipe.yaml", BAD.replace("zlib", "new"))
    shop.commit("a new recipe")
    event = shop.path.parent / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "b" * 40}, "base": {"sha": base}}}))
    held = shop.path.parent / "published.json"
    held.write_bytes(documents.write(Published(generation=0, outputs={}, unknown="CHANNEL_TOKEN is not set")))
    env = {
        "PATH": os.environ["PATH"], "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }  # fmt: skip
    line = ["--config", str(shop.path / "channel.yaml"), "ci", "lint", "--published", str(held)]
    assert answer(line, env) == 3
    told = capfd.readouterr().err
    assert "::error file=recipes/new/recipe.yaml,line=6::the source has a `url` and no `sha256`" in told
    assert "recipes/zlib" not in told
    assert "not asked: the channel, so nothing is known of what is published: CHANNEL_TOKEN is not set" in told
    assert "| `recipes/new/recipe.yaml:6:8` |" in (tmp_path / "summary").read_text()


def test_an_upstream_without_an_address_is_said(shop: Repo, channel: Call) -> None:
    shop.write("channel.yaml", "channel: acme\nrecipes: {upstream: [somewhere]}\n")
    assert "`somewhere` is a name and no URL, so only well-known names are compared" in channel()[2]
