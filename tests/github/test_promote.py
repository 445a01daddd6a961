"""Promotion: whose pull request, which workflow, which commit, which bytes; anything else is built again, and said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from simulator import Package, delivered

from ci_tools import documents
from ci_tools.adapters.artifact_zip import unpacked
from ci_tools.adapters.forges.github import GitHubForge
from ci_tools.core.secret import Secret
from ci_tools.flows.collect import Fetcher
from ci_tools.flows.promote import Promotion, promote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from github_double import State

    from ci_tools.core.plan import BuildPlan

HEAD, MERGED = "a" * 40, "1" * 40
JOB = "linux-64-a"


class Shop:
    """A merged pull request 7 whose run 5 built and tested `data`."""

    def __init__(self, state: State, folder: Path) -> None:
        self.state, self.folder = state, folder
        (folder / "zips").mkdir()
        self.plan, delivery = delivered(folder / "built", [Package(name="data")], JOB)
        self.report = documents.write(delivery.report)
        self.package = (delivery.root / delivery.packages[0]).read_bytes()
        self.path = delivery.packages[0]
        state.add_pull(7, HEAD, state="closed", merged=MERGED, files=("recipes/data/recipe.yaml",))
        state.add_run(5, HEAD)

    def leave(self, plan: BuildPlan | None = None, **more: Any) -> None:
        self.state.add_artifact(5, "plan.1", {"plan.json": documents.write(plan or self.plan), "published.json": b"{}"})
        files = {"build.json": self.report, self.path: self.package}
        self.state.add_artifact(5, f"built-{JOB}.1", files, **more)

    def promote(self) -> Promotion:
        forge = GitHubForge("acme/recipes", Secret("t"), api=self.state.url, wait=0.1, pause=0.0)
        fetcher = Fetcher(forge=forge, scratch=self.folder / "zips", unpack=unpacked, largest=1 << 20)
        return promote(self.plan, fetcher, documents.read, self.folder / "dist")


@pytest.fixture
def shop(state: State, tmp_path: Path) -> Shop:
    return Shop(state, tmp_path)


def test_what_was_tested_is_taken_over_byte_for_byte(shop: Shop) -> None:
    shop.leave()
    found = shop.promote()
    assert (found.jobs, dict(found.again), found.pull) == ((JOB,), {}, 7)
    assert (shop.folder / "dist" / JOB / shop.path).read_bytes() == shop.package


def other(**pull: Any) -> Callable[[State], None]:
    return lambda state: state.add_pull(7, HEAD, **{"state": "closed", "merged": MERGED, **pull})


def ran(**run: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        artifacts = dict(state.artifacts)
        state.add_run(5, run.pop("head", HEAD), **run)
        state.artifacts |= artifacts

    return change


def altered(**fields: Any) -> Callable[[State], None]:
    def change(state: State) -> None:
        for artifact in state.artifacts.values():
            if artifact["name"].startswith("built-"):
                artifact.update(fields)

    return change


CASES: dict[str, tuple[Callable[[State], None], str]] = {
    "a push that is no merge": (other(merged="2" * 40), "no merge of a pull request"),
    "a pull request of a fork": (other(head_repository="mallory/recipes"), "is of a fork"),
    "one whose repository is gone": (other(head_repository=None), "is of a fork"),
    "one that changes the workflows": (other(files=(".github/workflows/x.yml",)), "with which packages are made"),
    "one that changes the action": (other(files=(".github/actions/setup/install.py",)), "with which packages are made"),
    "one that changes the tool": (other(files=("recipes/a", "ci_tools/cli/build.py")), "with which packages are made"),
    "one that changes channel.yaml": (other(files=("channel.yaml",)), "with which packages are made"),
    "one too large to look through": (other(files=tuple(f"recipes/{n}" for n in range(3000))), "more files than"),
    "another workflow": (ran(path=".github/workflows/other.yml"), "no finished run"),
    "another event": (ran(event="push"), "no finished run"),
    "another head": (ran(head="b" * 40), "no finished run"),
    "a run of a fork's head": (ran(head_repository="mallory/recipes"), "no finished run"),
    "a run that was cancelled": (ran(conclusion="cancelled"), "no finished run"),
    "bytes of another digest": (altered(digest="sha256:" + "0" * 64), "not what GitHub has a digest of"),
    "no digest": (altered(digest=None), "not what GitHub has a digest of"),
    "an artifact of another run": (altered(workflow_run={"id": 5, "head_sha": "b" * 40}), "left nothing"),
    "an artifact that has expired": (altered(expired=True), "left nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "why"), CASES.values(), ids=CASES)
def test_anything_else_is_built_again_and_why_is_said(change: Callable[[State], None], why: str, shop: Shop) -> None:
    shop.leave()
    change(shop.state)
    found = shop.promote()
    assert (found.jobs, list(found.again)) == ((), [JOB])
    assert why in found.again[JOB]
    assert not (shop.folder / "dist" / JOB).exists()


def test_other_inputs_at_the_merge_are_built_again(shop: Shop) -> None:
    shop.leave()
    shop.plan, _ = delivered(shop.folder / "merged", [Package(name="data", inputs="main has moved on")], JOB)
    assert "made from other inputs" in shop.promote().again[JOB]


def test_a_cell_cannot_claim_inputs_that_its_plan_had_not(shop: Shop) -> None:
    """The report is written beside a recipe's own code; the plan was made before any of it ran."""
    tested, _ = delivered(shop.folder / "tested", [Package(name="data", inputs="what was tested")], JOB)
    shop.leave(plan=tested)
    assert "made from other inputs" in shop.promote().again[JOB]


def test_a_run_without_a_plan_is_built_again(shop: Shop) -> None:
    assert shop.promote().again[JOB] == "its run left no plan"


def test_a_forge_that_is_away_stops_nothing(shop: Shop) -> None:
    shop.state.denied.add("repos/list-pull-requests-associated-with-commit")
    assert "does not let this token" in shop.promote().again[JOB]


def test_a_job_that_is_built_again_has_what_it_comes_after_built_again(shop: Shop) -> None:
    """The level of a workflow that builds later jobs finds the earlier ones in its own run alone."""
    shop.leave()
    later = replace(shop.plan.jobs[0], id="linux-64-b", wave=1, after=(JOB,))
    shop.plan = replace(shop.plan, jobs=(*shop.plan.jobs, later))
    found = shop.promote()
    assert (found.jobs, set(found.again)) == ((), {JOB, "linux-64-b"})
    assert not (shop.folder / "dist" / JOB).exists()
