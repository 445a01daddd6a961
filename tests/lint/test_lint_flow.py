"""Lint in a real repository: all dialects, recipes that do not render, what is published, and mending in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_tools import wiring
from ci_tools.adapters.git import GitRepository
from ci_tools.adapters.recipes.reading import read_recipe
from ci_tools.config import read_config
from ci_tools.core.changes import Since
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.lint.rule import Level
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.planner import PlanSettings
from ci_tools.errors import UsageError
from ci_tools.flows.lint import Desk, lint

if TYPE_CHECKING:
    from repositories import Repo

    from ci_tools.core.lint.rule import LintReport

GOOD = """\
# the recipe of {name}
package:
  name: {name}
  version: "1.2"   # quoted

build:
  number: 0        # raise it
  noarch: generic
  script: echo
tests:
  - script: "true"
about: {{license: MIT, license_file: LICENSE, summary: A thing}}
"""


def desk(repo: Repo, **changes: object) -> Desk:
    config = read_config(repo.path / "channel.yaml")
    settings = PlanSettings(channel=config.base_url, recipes=config.recipes.path, subdirs=config.subdirs)
    fields = {
        "repository": GitRepository(repo.path, {"PATH": "/usr/bin:/bin"}), "renderer": wiring.renderer(config, {}),
        "read": read_recipe, "settings": settings, "published": {},
    }  # fmt: skip
    return Desk(**fields | changes)


def told(report: LintReport) -> list[tuple[str, str]]:
    return [(finding.path, finding.rule) for finding in report.findings]


@pytest.fixture
def shop(repo: Repo) -> Repo:
    for name in ("a", "b", "c"):
        repo.write(f"recipes/{name}/recipe.yaml", GOOD.format(name=name))
    repo.commit()
    return repo


def test_good_recipes_have_nothing_said_about_them(shop: Repo) -> None:
    report = lint(desk(shop))
    assert (report.recipes, report.findings, report.fails) == (3, (), False)


def test_a_broken_recipe_stops_only_itself(shop: Repo) -> None:
    shop.write("recipes/a/recipe.yaml", "package: [\n")
    shop.write("recipes/b/recipe.yaml", GOOD.format(name="b").replace("number: 0 ", "number: ${{ nobody }} "))
    shop.write("recipes/c/recipe.yaml", GOOD.format(name="other"))
    assert told(lint(desk(shop))) == [
        ("recipes/a/recipe.yaml", "unreadable"),
        ("recipes/b/recipe.yaml", "unreadable"),
        ("recipes/c/recipe.yaml", "unreadable"),
    ]


def test_a_folder_that_is_no_recipe_is_not_lost(shop: Repo) -> None:
    shop.write("recipes/a/meta.yaml", "package: {name: a}\n")
    (found,) = lint(desk(shop)).findings
    assert (found.path, found.rule, found.message) == (
        "recipes/a", "unreadable", "there are two recipes here: meta.yaml and recipe.yaml",
    )  # fmt: skip


def test_of_two_recipes_with_one_output_each_is_told_of_the_other(shop: Repo) -> None:
    shop.write("recipes/deeper/a/recipe.yaml", GOOD.format(name="a"))
    assert told(lint(desk(shop))) == [
        ("recipes/a/recipe.yaml", "owned-elsewhere"), ("recipes/deeper/a/recipe.yaml", "owned-elsewhere"),
    ]  # fmt: skip
    assert told(lint(desk(shop, names=("recipes/a",)))) == [("recipes/a/recipe.yaml", "owned-elsewhere")]


def published(name: str, inputs: str = "0" * 64) -> dict[Subdir, tuple[PublishedOutput, ...]]:
    build = PublishedOutput(filename=Filename.parse(f"{name}-1.2-h1_0.conda"), build_number=0, input_hash=inputs)
    return {Subdir.NOARCH: (build,)}


def test_what_is_not_bumped_is_mended_and_nothing_else_is_touched(shop: Repo) -> None:
    before = (shop.path / "recipes/b/recipe.yaml").read_bytes()
    (found,) = lint(desk(shop, published=published("b"))).findings
    assert (found.rule, found.line, found.fixable, found.hint) == ("not-bumped", 7, True, "set the build number to 1")
    report = lint(desk(shop, published=published("b")), mend=True)
    assert (report.fixed, report.findings) == (("recipes/b/recipe.yaml",), ())
    after = (shop.path / "recipes/b/recipe.yaml").read_bytes()
    assert after == before.replace(b"number: 0 ", b"number: 1 ")
    assert shop.git("status", "--porcelain").split() == ["M", "recipes/b/recipe.yaml"]


def test_line_ends_and_modes_survive_mending(shop: Repo) -> None:
    text = GOOD.format(name="a").replace("MIT", "mit").replace("\n", "\r\n")
    file = shop.write("recipes/a/recipe.yaml", text)
    file.chmod(0o755)
    assert lint(desk(shop), mend=True).fixed == ("recipes/a/recipe.yaml",)
    assert file.read_bytes() == text.replace("mit", "MIT").encode()
    assert file.stat().st_mode & 0o777 == 0o755


def test_only_what_changed_is_asked_about(shop: Repo) -> None:
    shop.write("recipes/c/build.sh", "pip install x\n")
    report = lint(desk(shop, span=Since(base="HEAD")))
    assert (report.recipes, told(report)) == (1, [("recipes/c/build.sh", "pip-dependencies")])


def test_a_recipe_is_named_by_name_folder_or_file(shop: Repo) -> None:
    for name in ("a", "recipes/a", "./recipes/a/", "recipes/a/recipe.yaml"):
        assert lint(desk(shop, names=(name,))).recipes == 1
    with pytest.raises(UsageError, match="there is no recipe `nobody`"):
        lint(desk(shop, names=("a", "nobody")))


def test_the_files_of_a_recipe_below_another_one_are_its_own(shop: Repo) -> None:
    shop.write("recipes/a/inner/recipe.yaml", GOOD.format(name="inner"))
    shop.write("recipes/a/inner/key", "AKIA" + "ABCDEFGH12345678\n")
    shop.write("recipes/a/\udcff.bin".encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"), b"\0AKIA")
    assert told(lint(desk(shop))) == [("recipes/a/inner/key", "credentials")]


def test_a_v0_recipe_is_held_to_the_same_rules(shop: Repo) -> None:
    text = '{% set version = "1.2" %}\npackage:\n  name: old\n  version: {{ version }}\nsource:\n  url: http://x.example/a\n'
    shop.write("recipes/old/meta.yaml", text)
    assert {rule for _, rule in told(lint(desk(shop, names=("old",))))} == {
        "unpinned-source", "insecure-source", "missing-license", "missing-summary", "missing-tests",
    }  # fmt: skip


def test_channel_yaml_says_how_grave_a_rule_is(shop: Repo) -> None:
    text = GOOD.format(name="a").replace('tests:\n  - script: "true"\n', "schema_version: 1\n")
    shop.write("recipes/a/recipe.yaml", text)
    assert [f.level for f in lint(desk(shop)).findings] == [Level.WARNING]
    assert lint(desk(shop, levels={"missing-tests": Level.ERROR})).fails
    assert lint(desk(shop, levels={"missing-tests": None})).findings == ()


def test_a_rule_that_is_off_mends_nothing(shop: Repo) -> None:
    shop.write("recipes/a/recipe.yaml", GOOD.format(name="a").replace("MIT", "mit"))
    off = {"unknown-license": None, "unreadable": None}
    assert lint(desk(shop, levels=off), mend=True).fixed == ()
    assert lint(desk(shop), mend=True).fixed == ("recipes/a/recipe.yaml",)


def test_recipes_of_several_versions_may_share_a_folder(shop: Repo) -> None:
    for version in ("1.2", "2.0"):
        shop.write(f"recipes/data/{version}/recipe.yaml", GOOD.format(name="data").replace('"1.2"', f'"{version}"'))
    build = PublishedOutput(filename=Filename.parse("data-2.0-h1_0.conda"), build_number=0, input_hash="")
    assert told(lint(desk(shop, published={Subdir.NOARCH: (build,)}))) == []
    shop.write("recipes/data/again/recipe.yaml", GOOD.format(name="data"))
    assert {rule for _, rule in told(lint(desk(shop, names=("again",))))} <= {"owned-elsewhere", "unreadable"}
