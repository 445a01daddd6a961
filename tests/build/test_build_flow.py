"""A failure stops only what needs what failed, and nothing is built twice."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from workshop import HERE, Spec, planned, rattler_workshop

from ci_tools import documents
from ci_tools.adapters.outbox import FolderOutbox
from ci_tools.core.package import Subdir
from ci_tools.core.plan import Aborted, BuildPlan, BuildReport, Built, Failed, Job
from ci_tools.core.recipe import Dialect
from ci_tools.errors import UsageError
from ci_tools.flows.build import Bench, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from workshop import Workshop

    from ci_tools.core.plan import PlannedOutput


@dataclass
class Narrator:
    """A host that remembers."""

    said: list[str] = field(default_factory=list)
    annotated: list[tuple[str, str, str]] = field(default_factory=list)
    done: int = 0

    def say(self, text: str) -> None:
        self.said.append(text)

    def group(self, title: str) -> nullcontext[None]:
        self.said.append(title)
        return nullcontext()

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None:  # noqa: ARG002
        self.annotated.append((level, message, path))

    @contextmanager
    def progress(self, title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        def step(more: int) -> None:
            self.done += more

        yield step


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return rattler_workshop(tmp_path)


@pytest.fixture
def narrator() -> Narrator:
    return Narrator()


@pytest.fixture
def bench(shop: Workshop, narrator: Narrator) -> Bench:
    outbox = FolderOutbox(root=shop.workspace.collected)
    return Bench(machine=HERE, backends=(shop.backend,), workspace=shop.workspace, outbox=outbox, host=narrator)


def wanted(shop: Workshop, spec: Spec, *requires: PlannedOutput, input_hash: str = "0" * 64) -> PlannedOutput:
    (output,) = shop.backend.render(shop.write(spec), HERE)
    return planned(output, requires=tuple(str(other.filename) for other in requires), input_hash=input_hash)


def plan(*outputs: PlannedOutput, job: str = "here-1", subdir: Subdir = HERE) -> BuildPlan:
    jobs = (Job(id=job, subdir=subdir, runner="any", outputs=outputs),)
    return BuildPlan(channel="file:///channel", base="", head="c0ffee", generation=0, jobs=jobs)


def shapes(report: BuildReport) -> list[str]:
    return [f"{outcome.filename.dist.name} {outcome.status}" for outcome in report.outcomes]


def test_what_needs_a_failure_is_aborted_and_the_rest_goes_on(shop: Workshop, bench: Bench, narrator: Narrator) -> None:
    bad = wanted(shop, Spec(name="bad", test=["false"]))
    above = wanted(shop, Spec(name="above", run=["bad"]), bad)
    top = wanted(shop, Spec(name="top", run=["above"]), above)
    other = wanted(shop, Spec(name="other"))
    (report,) = build(plan(bad, above, top, other), (), bench)
    assert shapes(report) == ["bad failed", "above aborted", "top aborted", "other built"]
    assert {o.prerequisite for o in report.outcomes if isinstance(o, Aborted)} == {str(bad.filename)}
    assert narrator.done == 4
    assert ("error", "recipes/bad/recipe.yaml") in {(level, path) for level, _, path in narrator.annotated}


def test_a_report_is_written_that_reads_back_equal(shop: Workshop, bench: Bench) -> None:
    (report,) = build(plan(wanted(shop, Spec(name="words"))), (), bench)
    file = shop.workspace.collected / "here-1/build.json"
    assert documents.read(BuildReport, file.read_bytes(), "build.json") == report
    (built,) = report.outcomes
    assert isinstance(built, Built)
    assert (file.parent / built.path).is_file()
    assert (file.parent / built.log).is_file()


def test_the_second_run_builds_nothing_and_says_so(shop: Workshop, bench: Bench, narrator: Narrator) -> None:
    words = wanted(shop, Spec(name="words"))
    asked = plan(words, wanted(shop, Spec(name="reader", host=["words"]), words))
    first = build(asked, (), bench)
    narrator.said.clear()
    assert build(asked, (), bench) == first
    assert len([text for text in narrator.said if "is kept" in text]) == 2


def test_other_inputs_are_built_anew_with_what_is_built_against_them(shop: Workshop, bench: Bench) -> None:
    words = wanted(shop, Spec(name="words"))
    reader = wanted(shop, Spec(name="reader", host=["words"]), words)
    lonely = wanted(shop, Spec(name="lonely"))
    (first,) = build(plan(words, reader, lonely), (), bench)
    (second,) = build(plan(replace(words, input_hash="1" * 64), reader, lonely), (), bench)
    assert [a == b for a, b in zip(first.outcomes, second.outcomes, strict=True)] == [False, False, True]


def test_a_package_with_other_bytes_than_reported_is_built_anew(shop: Workshop, bench: Bench) -> None:
    asked = plan(wanted(shop, Spec(name="words")))
    (first,) = build(asked, (), bench)
    package = shop.workspace.collected / "here-1" / first.outcomes[0].path
    package.write_bytes(package.read_bytes()[:-1] + b"?")
    (second,) = build(asked, (), bench)
    assert (shapes(second), first == second) == (["words built"], False)


def test_packages_that_the_plan_no_longer_asks_for_are_gone(shop: Workshop, bench: Bench) -> None:
    build(plan(wanted(shop, Spec(name="words"))), (), bench)
    build(plan(wanted(shop, Spec(name="other"))), (), bench)
    assert [name.partition("-")[0] for name in shop.packages()] == ["other"]


def test_jobs_of_another_plan_are_gone_and_nothing_else(shop: Workshop, bench: Bench) -> None:
    mine = shop.workspace.collected / "mine/build.json"
    mine.parent.mkdir(parents=True)
    mine.write_text("{}")
    build(plan(wanted(shop, Spec(name="words")), job="before"), (), bench)
    build(plan(wanted(shop, Spec(name="words")), job="after"), (), bench)
    assert sorted(path.name for path in shop.workspace.collected.iterdir()) == ["after", "mine"]


def test_an_interrupted_run_is_taken_up_where_it_was(shop: Workshop, bench: Bench) -> None:
    asked = plan(wanted(shop, Spec(name="words")), wanted(shop, Spec(name="other")))
    interrupted = replace(bench, backends=(Interrupting(shop.backend, after=1),))
    with pytest.raises(KeyboardInterrupt):
        build(asked, (), interrupted)
    left = (shop.workspace.collected / "here-1/build.json").read_bytes()
    assert shapes(documents.read(BuildReport, left, "")) == ["words built", "other aborted"]
    (report,) = build(asked, (), bench)
    assert report.outcomes[0] == documents.read(BuildReport, left, "").outcomes[0]
    assert shapes(report) == ["words built", "other built"]


@dataclass
class Interrupting:
    """A back end at which somebody presses Ctrl-C."""

    backend: object
    after: int

    def claims(self, recipe: object) -> bool:
        return self.backend.claims(recipe)

    def build(self, *job: object) -> object:
        self.after -= 1
        if self.after < 0:
            raise KeyboardInterrupt
        return self.backend.build(*job)


def test_a_job_of_another_machine_is_refused_before_anything_is_built(shop: Workshop, bench: Bench) -> None:
    other = plan(wanted(shop, Spec(name="words")), job="mac", subdir=Subdir.WIN_ARM64)
    with pytest.raises(UsageError, match="job `mac` builds on win-arm64"):
        build(other, ("mac",), bench)
    assert shop.packages() == []


def test_without_a_choice_the_jobs_of_other_machines_are_left_out_aloud(
    shop: Workshop, bench: Bench, narrator: Narrator
) -> None:
    other = plan(wanted(shop, Spec(name="words")), job="mac", subdir=Subdir.WIN_ARM64)
    assert build(other, (), bench) == ()
    assert "left out: job `mac`" in narrator.said[0]


def test_an_unknown_job_is_named_with_those_there_are(shop: Workshop, bench: Bench) -> None:
    with pytest.raises(UsageError) as caught:
        build(plan(wanted(shop, Spec(name="words"))), ("nope",), bench)
    assert caught.value.problems[0].hint == "it has here-1"


def test_a_job_id_cannot_lead_out_of_the_folder(shop: Workshop, bench: Bench) -> None:
    with pytest.raises(UsageError, match="not a job's id"):
        build(plan(wanted(shop, Spec(name="words")), job="../evil"), (), bench)


def test_a_dialect_that_nobody_claims_is_failed(shop: Workshop, bench: Bench) -> None:
    (report,) = build(plan(replace(wanted(shop, Spec(name="words")), dialect=Dialect.BOA)), (), bench)
    (failed,) = report.outcomes
    assert isinstance(failed, Failed)
    assert "boa" in failed.because


def test_outputs_that_need_nothing_of_each_other_are_built_at_once(bench: Bench, shop: Workshop) -> None:
    """Each waits for a sign of the other: one after the other, both would time out."""
    meet = "touch {cache}/{mine}; for i in $(seq 100); do test -f {cache}/{other} && exit 0; sleep 0.1; done; exit 1"
    cache = shop.workspace.scratch / plan().jobs[0].scratch / "cache"
    scripts = {mine: meet.format(cache=cache, mine=mine, other=other) for mine, other in (("a", "b"), ("b", "a"))}
    outputs = [wanted(shop, Spec(name=name, script=[script])) for name, script in scripts.items()]
    (report,) = build(plan(*outputs), (), replace(bench, at_once=2))
    assert [type(outcome) for outcome in report.outcomes] == [Built, Built]
    assert [outcome.filename.dist.name for outcome in report.outcomes] == ["a", "b"]


def test_an_interrupt_ends_every_build_that_runs(bench: Bench, shop: Workshop, narrator: Narrator) -> None:
    quick = wanted(shop, Spec(name="quick", script=["true"], test=["exit 1"]))
    slow = [wanted(shop, Spec(name=name, script=["sleep 60"])) for name in ("a", "b")]

    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    narrator.say = interrupted
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        build(plan(*slow, quick), (), replace(bench, at_once=3))
    assert time.monotonic() - started < 20


def two_waves(*first: PlannedOutput, second: PlannedOutput) -> BuildPlan:
    jobs = (
        Job(id="first", subdir=HERE, runner="any", outputs=first),
        Job(id="second", subdir=HERE, runner="any", outputs=(second,), wave=1, after=("first",)),
    )
    return replace(plan(), jobs=jobs)


def test_a_second_wave_builds_against_what_the_first_one_made(shop: Workshop, bench: Bench) -> None:
    words = wanted(shop, Spec(name="words"))
    reader = wanted(shop, Spec(name="reader", host=["words"], run=["words"]), words)
    asked = two_waves(words, second=reader)
    reports = build(asked, (), bench)
    assert [shape for report in reports for shape in shapes(report)] == ["words built", "reader built"]
    assert build(asked, ("second",), bench) == reports[1:]


def test_a_second_wave_without_the_first_is_aborted_with_the_reason(shop: Workshop, bench: Bench) -> None:
    words = wanted(shop, Spec(name="words"))
    reader = wanted(shop, Spec(name="reader", host=["words"]), words)
    (report,) = build(two_waves(words, second=reader), ("second",), bench)
    (outcome,) = report.outcomes
    assert isinstance(outcome, Aborted)
    assert outcome.because == f"it needs `{words.filename}` of job `first`, which has not delivered it here"
