"""What is only tested, or only needed to go on, is never published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strategies_plan import LINUX, product
from test_planner import SETTINGS, surveyed

from ci_tools.core.handover import Delivery, offers
from ci_tools.core.plan import BuildPlan, BuildReport, Built, Failed, PlannedOutput, Role
from ci_tools.core.planner import decide


def _plan(role: Role) -> tuple[BuildPlan, PlannedOutput]:
    (job,) = decide(surveyed((product("a"), product("b", host=("a",)))), {}, SETTINGS).jobs
    other = replace(job.outputs[1], role=role, because="depends on `a`, which changed")
    return BuildPlan(
        channel="", base="", head="", generation=0, jobs=(replace(job, outputs=(job.outputs[0], other)),)
    ), other


def _built(output: PlannedOutput) -> Built:
    return Built(
        filename=output.filename, subdir=output.subdir, path=f"{output.subdir}/{output.filename}", sha256="0" * 64,
        size=1, input_hash=output.input_hash, seconds=1.0, log="", backend="",
    )  # fmt: skip


def _delivery(plan: BuildPlan, *outcomes: Built | Failed) -> Delivery:
    packages = tuple(outcome.path for outcome in outcomes if isinstance(outcome, Built))
    return Delivery(root=Path(), report=BuildReport(job=plan.jobs[0].id, outcomes=outcomes), packages=packages)


def _failed(output: PlannedOutput) -> Failed:
    return Failed(filename=output.filename, subdir=LINUX, because="its test failed", log="", tail="", seconds=1.0)


def test_what_passed_its_test_is_not_offered() -> None:
    for role in (Role.TEST, Role.SCAFFOLD):
        plan, other = _plan(role)
        found, refused = offers(plan, [_delivery(plan, _built(plan.outputs()[0]), _built(other))])
        assert ([offer.planned.filename.dist.name for offer in found], refused) == (["a"], ())


def test_a_dependent_that_fails_is_told_and_scaffolding_is_not() -> None:
    plan, other = _plan(Role.TEST)
    found, (refused,) = offers(plan, [_delivery(plan, _built(plan.outputs()[0]), _failed(other))])
    assert len(found) == 1
    assert refused.because == "it depends on `a`, which changed, and does not pass with it: its test failed"
    plan, other = _plan(Role.SCAFFOLD)
    assert offers(plan, [_delivery(plan, _built(plan.outputs()[0]), _failed(other))])[1] == ()


def test_a_job_that_delivers_nothing_is_told_for_what_it_was_to_publish() -> None:
    plan, _ = _plan(Role.TEST)
    assert [refused.what for refused in offers(plan, [])[1]] == ["linux-64/a-1.0-h1_0.conda"]
