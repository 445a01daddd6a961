"""What `channel plan` shows is understood at a glance, and hides nothing without saying so."""

from __future__ import annotations

from dataclasses import replace

from ci_tools.cli.plan_text import plan_text
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, Job, PlannedOutput, Reason, Refusal, Skip
from ci_tools.core.recipe import Dialect


def planned(name: str, reason: Reason, because: str) -> PlannedOutput:
    return PlannedOutput(
        recipe=f"recipes/{name}",
        dialect=Dialect.V1,
        filename=Filename.parse(f"{name}-1.0-h1_0.conda"),
        subdir=Subdir.LINUX_64,
        build_number=0,
        input_hash="a" * 64,
        reason=reason,
        because=because,
    )


LIB = planned("lib", Reason.MISSING, "the channel lacks it and `tool-1.0-h1_0.conda` needs it")
TOOL = planned("tool", Reason.CHANGED, "`recipes/tool/recipe.yaml` changed")
PLAN = BuildPlan(
    channel="https://conda.example/c",
    base="0123456789abcdef0123456789abcdef01234567",
    head="f" * 40,
    generation=7,
    jobs=(Job(id="linux-64-lib", subdir=Subdir.LINUX_64, runner="ubuntu", outputs=(LIB, TOOL)),),
    skips=(
        Skip(recipe="recipes/c", what="c-1-0.conda", reason=Reason.NEEDS_PROGRAM, because="this machine has no `cc`"),
        Skip(recipe="recipes/o", what="o-1-0.conda", reason=Reason.PUBLISHED, because="published from the same inputs"),
        Skip(recipe="recipes/u", what="u", reason=Reason.UNCHANGED, because="nothing it is made from changed"),
        Skip(recipe="recipes/v", what="v", reason=Reason.UNCHANGED, because="nothing it is made from changed"),
    ),
    refusals=(
        Refusal(
            recipe="recipes/r",
            what="r-1-0.conda",
            reason=Reason.NOT_BUMPED,
            because="`r-1-0.conda` is published from other inputs",
            hint="set the build number to 1 in recipes/r/recipe.yaml",
        ),
    ),
    unowned=("README.md", "evil\x1b[2J\nname"),
)

TEXT = """\
build (2)
  linux-64-lib  linux-64/lib-1.0-h1_0.conda   missing  the channel lacks it and `tool-1.0-h1_0.conda` needs it
                linux-64/tool-1.0-h1_0.conda  changed  `recipes/tool/recipe.yaml` changed
skip (1)
  c-1-0.conda  needs a program  this machine has no `cc`
refuse (1)
  r-1-0.conda  changed but not bumped  `r-1-0.conda` is published from other inputs  set the build number to 1 in \
recipes/r/recipe.yaml
1 output is published already; -v names them
2 recipes are unchanged; -v names them
changed, and of no recipe (2)
  README.md
  evil\\x1b[2J\\nname
2 outputs in 1 job (what changed since 0123456789ab, against generation 7)"""


def test_a_plan_is_shown_with_its_reasons() -> None:
    assert plan_text(PLAN) == TEXT


def test_verbose_names_every_skip() -> None:
    text = plan_text(PLAN, verbose=True)
    assert "skip (4)" in text
    assert "-v" not in text


def test_nothing_to_do_is_said() -> None:
    empty = replace(PLAN, base="", generation=0, jobs=(), skips=(), refusals=(), unowned=())
    assert plan_text(empty) == "nothing to do (all recipes, against a channel in which nothing is published)"
    assert plan_text(replace(PLAN, jobs=())).endswith(
        "nothing to build (what changed since 0123456789ab, against generation 7)"
    )


def test_many_paths_are_counted() -> None:
    text = plan_text(replace(PLAN, unowned=tuple(f"f{at:02}" for at in range(12))))
    assert "of no recipe (12)" in text
    assert "  and 2 more" in text
