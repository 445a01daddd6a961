"""What `channel plan` shows is understood at a glance, and hides nothing without saying so."""

from __future__ import annotations

from dataclasses import replace

from ci_tools.cli.plan_text import plan_text
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, Job, PlannedOutput, Reason, Refusal, Role, Skip
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
    jobs=(Job(id="linux-64-lib", subdir=Subdir.LINUX_64, runner="ubuntu", outputs=(LIB, TOOL), seconds=95.0),),
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
  linux-64-lib  on ubuntu, about 2 min
    lib   1.0  h1_0  linux-64  the channel lacks it and `tool-1.0-h1_0.conda` needs it
    tool  1.0  h1_0  linux-64  `recipes/tool/recipe.yaml` changed
skip (1)
  c  this machine has no `cc`
refuse (1)
  r-1-0.conda: changed but not bumped
    `r-1-0.conda` is published from other inputs
    set the build number to 1 in recipes/r/recipe.yaml
1 output is published already; -v names them
2 recipes are unchanged; -v names them
changed, and of no recipe (2)
  README.md
  evil\\x1b[2J\\nname
2 outputs in 1 job (what changed since 0123456789ab, against generation 7)"""

NARROW = """\
build (2)
  linux-64-lib  on ubuntu, about 2 min
    lib   1.0  h1_0  linux-64
        the channel lacks it and `tool-1.0-h1_0.conda` needs it
    tool  1.0  h1_0  linux-64
        `recipes/tool/recipe.yaml` changed
"""


def test_a_plan_is_shown_with_its_reasons() -> None:
    assert plan_text(PLAN) == TEXT


def test_a_reason_for_which_there_is_no_room_stands_below() -> None:
    assert plan_text(PLAN, width=64).startswith(NARROW)
    assert all(len(line) <= 40 for line in plan_text(PLAN, width=40).splitlines()[:6])
    assert plan_text(PLAN, width=200) == TEXT
    assert plan_text(PLAN, width=40, verbose=True) == plan_text(PLAN, verbose=True)


def test_what_is_not_published_from_a_job_says_so() -> None:
    jobs = (replace(PLAN.jobs[0], outputs=(replace(LIB, role=Role.SCAFFOLD), replace(TOOL, role=Role.TEST))),)
    text = plan_text(replace(PLAN, jobs=jobs))
    assert "not published from here: the channel lacks it" in text
    assert "only tested: `recipes/tool/recipe.yaml` changed" in text


def test_many_that_are_skipped_for_one_reason_share_a_line() -> None:
    skips = tuple(replace(PLAN.skips[0], what=f"c{at}-1-0.conda") for at in range(8))
    text = plan_text(replace(PLAN, skips=skips))
    assert "  c0, c1, c2, c3, c4, c5 and 2 more  this machine has no `cc`\n" in text
    assert "c7-1-0.conda" in plan_text(replace(PLAN, skips=skips), verbose=True)


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
