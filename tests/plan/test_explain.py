"""`plan --explain` says of one recipe what was decided and what it was compared with; `--graph` draws the plan."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from strategies_plan import LINUX, NOARCH, published_by

from ci_tools import documents
from ci_tools.adapters.builders.rattler_build import RattlerBuild
from ci_tools.adapters.rendering.processes import RenderingProcesses
from ci_tools.cli import answer
from ci_tools.cli.explanation_text import explanation_text
from ci_tools.core.changes import Everything, Since, Span
from ci_tools.core.drawing import MOST_NODES, Drawing, around, dot, drawing, folded, mermaid
from ci_tools.core.explanation import Explanation, Fate, Weighed
from ci_tools.core.planner import PlanSettings
from ci_tools.errors import UsageError
from ci_tools.flows.explain import explain, weighed
from ci_tools.flows.plan import Means

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Tree


SETTINGS = PlanSettings(
    channel="https://conda.example/c", recipes="recipes", subdirs=(NOARCH, LINUX), variants="variants.yaml"
)
EVERYTHING = Everything()
RECIPE = """\
schema_version: 1
package: {{name: {name}, version: '1.0'}}
build: {{number: 0, script: echo}}
requirements: {{host: [{host}]}}
"""


@pytest.fixture
def shop(tree: Tree) -> Tree:
    """A library, a tool that needs it, and one thing apart that uses a variant."""
    tree.write("variants.yaml", "python: ['3.11']\n")
    for name, host in (("lib", ""), ("tool", "lib"), ("apart", "python")):
        tree.write(f"recipes/{name}/recipe.yaml", RECIPE.format(name=name, host=host))
    tree.write("recipes/lib/build.sh", "make\n")
    tree.commit("recipes")
    return tree


def means(tree: Tree) -> Means:
    repository = tree.open()
    renderer = RenderingProcesses(root=repository.root, env=os.environ)
    return Means(
        repository=repository, renderer=renderer, backends=[RattlerBuild(root=repository.root, env=os.environ)]
    )


Published = "dict[Subdir, tuple[PublishedOutput, ...]]"


def seen(tree: Tree, span: Span = EVERYTHING, published: Published | None = None) -> Weighed:
    return weighed(means(tree), published or {}, SETTINGS, span)


def told(tree: Tree, name: str, span: Span = EVERYTHING, published: Published | None = None) -> Explanation:
    return explain(means(tree), SETTINGS, seen(tree, span, published), name)


def published_at(tree: Tree, commit: str, generation: int = 3) -> Published:
    """What a plan of all recipes makes, as published from `commit`."""
    held = published_by(seen(tree).plan)
    return {s: tuple(replace(o, commit=commit, generation=generation) for o in found) for s, found in held.items()}


def test_what_is_built_is_said_with_its_job_and_what_hangs_together(shop: Tree) -> None:
    found = told(shop, "lib", Since(base="HEAD"))
    assert found.stories[0].fate is Fate.SKIP
    (story,) = told(shop, "lib").stories
    assert (story.fate, story.because, story.job) == (Fate.BUILD, "the channel lacks it", "linux-64-lib")
    assert [key.partition("/")[2].partition("-")[0] for key in story.needed_by] == ["tool"]
    assert (told(shop, "tool").stories[0].requires, told(shop, "lib").files) == (
        (story.what,),
        ("build.sh", "recipe.yaml"),
    )


def test_a_refusal_names_the_file_that_changed_since_it_was_published(shop: Tree) -> None:
    first = shop.git("rev-parse", "HEAD")
    published = published_at(shop, first)
    shop.write("recipes/lib/build.sh", "make all\n")
    shop.write("recipes/lib/new.patch", "x\n")
    shop.write("recipes/apart/README", "x\n")
    shop.commit("change")
    (story,) = told(shop, "lib", published=published).stories
    assert (story.fate, story.hint) == (Fate.REFUSE, "set the build number to 1 in recipes/lib/recipe.yaml")
    (kin,) = story.kin
    assert (kin.same_inputs, kin.commit, kin.generation) == (False, first, 3)
    assert kin.since == ("`recipes/lib/build.sh` modified", "`recipes/lib/new.patch` added")
    (same,) = told(shop, "tool", published=published).stories[0].kin
    assert (same.same_inputs, same.since, same.unknown) == (True, (), "")


def test_a_refusal_names_the_variant_key_that_changed(shop: Tree) -> None:
    published = published_at(shop, shop.git("rev-parse", "HEAD"))
    shop.write("variants.yaml", "python: ['3.12']\n")
    shop.commit("a newer python")
    (story,) = told(shop, "apart", Since(base="HEAD~1"), published=published).stories
    assert story.fate is Fate.REFUSE
    assert story.kin[0].since == ("variant key `python` changed",)
    assert ("python", "3.12") in story.variant
    found = told(shop, "apart", Since(base="HEAD~1"))
    assert (found.keys, found.changed) == (("python",), ())


@pytest.mark.parametrize(
    ("commit", "said"), [("", "its commit was never recorded"), ("1" * 40, "its commit is not in this clone")]
)
def test_what_cannot_be_compared_is_said(shop: Tree, commit: str, said: str) -> None:
    published = published_at(shop, commit)
    shop.write("recipes/lib/build.sh", "make all\n")
    (story,) = told(shop, "lib", published=published).stories
    assert (story.kin[0].since, story.kin[0].unknown) == ((), said)


def test_a_name_is_that_of_a_recipe_a_folder_a_package_or_a_file(shop: Tree) -> None:
    file = told(shop, "lib").stories[0].what
    for name in ("recipes/lib", "recipes/lib/", "recipes/lib/recipe.yaml", file, file.partition("/")[2]):
        assert told(shop, name) == told(shop, "lib")
    with pytest.raises(UsageError, match="no recipe and no output is called `nobody`"):
        told(shop, "nobody")


def test_a_recipe_that_is_wrong_is_explained_by_what_is_wrong(shop: Tree) -> None:
    shop.write("recipes/lib/recipe.yaml", "package: [\n")
    found = told(shop, "lib")
    assert (found.stories, found.problems[0].line) == ((), 2)
    assert "  wrong: recipes/lib/recipe.yaml:2" in explanation_text(found)


def test_the_explanation_is_read_by_people_and_by_programs(shop: Tree, capfd: pytest.CaptureFixture[str]) -> None:
    shop.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64]\n")
    line = ["--config", str(shop.path / "channel.yaml"), "plan", "--explain", "tool"]
    env = {"PATH": os.environ["PATH"]}
    assert answer(line, env) == 0
    out, err = capfd.readouterr()
    lines = [re.sub(r"h[0-9a-f]{7}|[0-9a-f]{12}", "X", line) for line in out.splitlines()]
    assert lines == [
        "tool  (recipes/tool/recipe.yaml, v1)",
        "  made from:",
        "    recipe.yaml",
        "",
        "linux-64/tool-1.0-X_0.conda  on linux-64",
        "  will be built: the channel lacks it",
        "  job: linux-64-lib",
        "  published:",
        "    nothing of this name and version",
        "  inputs: X, of the files above",
        "    and the variant target_platform=linux-64",
        "  requires:",
        "    linux-64/lib-1.0-X_0.conda",
    ]
    assert err == ""
    assert answer([*line, "--json"], env) == 0
    assert documents.read(Explanation, capfd.readouterr().out.encode(), "stdout").name == "tool"


def test_the_graph_has_every_package_and_what_the_plan_does_with_it(shop: Tree) -> None:
    shop.write("recipes/apart/recipe.yaml", "package: [\n")
    shop.write("recipes/lib/build.sh", "make all\n")
    found = drawing(seen(shop, Since(base="HEAD")))
    assert found == Drawing(
        nodes={"apart": Fate.WRONG, "lib": Fate.BUILD, "tool": "untouched"}, edges=(("tool", "lib"),)
    )
    assert around(found) == Drawing(nodes={"apart": Fate.WRONG, "lib": Fate.BUILD}, edges=(), left_out=1)
    assert 'n1["lib"]:::build' in mermaid(found)
    assert "  n1 --> n2\n" in mermaid(found)
    assert '  "lib" -> "tool";\n' in dot(found)
    assert "%% 1 packages that the plan does not touch are left out" in mermaid(around(found))


def test_a_chart_is_a_fold_of_a_page_where_somebody_would_see_something(shop: Tree) -> None:
    chart = folded(around(drawing(seen(shop))))
    assert chart.startswith("<details><summary>What requires what</summary>\n\n```mermaid\nflowchart LR\n")
    assert chart.endswith("```\n\n</details>")
    assert folded(Drawing(nodes={"a": Fate.BUILD}, edges=())) == ""
    many = {f"p{at}": Fate.BUILD for at in range(MOST_NODES + 1)}
    assert folded(Drawing(nodes=many, edges=(("p0", "p1"),))) == ""


def test_names_of_folders_are_no_markup() -> None:
    evil = Drawing(nodes={'x"];click a "javascript:': Fate.WRONG}, edges=())
    assert '"]' not in mermaid(evil).replace('"]:::', "")
    assert "javascript:" not in mermaid(evil) + dot(evil)


def test_graphs_are_written_in_the_language_of_the_files_name(
    shop: Tree, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.write("channel.yaml", "channel: acme\nsubdirs: [noarch, linux-64]\n")
    for name, start in (("g.mmd", "flowchart LR\n"), ("g.dot", "digraph plan {\n")):
        line = ["--config", str(shop.path / "channel.yaml"), "plan", "--graph", str(tmp_path / name)]
        assert answer(line, {"PATH": os.environ["PATH"]}) == 0
        assert (tmp_path / name).read_text().startswith(start)
    assert answer([*line[:-1], "g.png"], {"PATH": os.environ["PATH"]}) == 2
    assert "name it `g.mmd` or `g.dot`" in capfd.readouterr().err
