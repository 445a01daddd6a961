"""In any order that a board allows, everything is decided, once, and nothing before what it needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from workshop import HERE

from ci_tools.core.board import Board
from ci_tools.core.package import Dist, Filename
from ci_tools.core.plan import Aborted, Built, Failed, Job, PlannedOutput, Reason
from ci_tools.core.recipe import Dialect


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    count = draw(st.integers(1, 8))
    outputs = []
    for at in range(count):
        needs = draw(st.sets(st.integers(0, at - 1), max_size=3)) if at else set()
        outputs.append(
            PlannedOutput(
                recipe=f"recipes/r{draw(st.integers(0, 4))}", dialect=Dialect.V1, filename=filename(at), subdir=HERE,
                build_number=0, input_hash="0" * 64, reason=Reason.CHANGED, because="", draws_on=(),
                requires=tuple(sorted(str(filename(need)) for need in needs)),
            )
        )  # fmt: skip
    return Job(id="here-1", subdir=HERE, runner="any", outputs=tuple(outputs))


def filename(at: int) -> Filename:
    return Filename(dist=Dist(name=f"p{at}", version="1", build="0"))


def built(at: int) -> Built:
    return Built(
        filename=filename(at), subdir=HERE, path=f"{HERE}/{filename(at)}", sha256="0" * 64, size=1,
        input_hash="0" * 64, seconds=1.0, log="", backend="x 1",
    )  # fmt: skip


@given(jobs(), st.randoms(), st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_every_output_is_decided_once_after_what_it_needs(job: Job, chance, failing: set, kept: set) -> None:  # noqa: ANN001
    board = Board(job=job, kept={at: built(at) for at in kept if at < len(job.outputs)})
    started: list[int] = []
    while True:
        while list(board.settled()):
            pass
        for at in board.startable():
            needs = [n for n in range(at) if str(filename(n)) in job.outputs[at].requires]
            assert all(isinstance(board.outcomes[n], Built) for n in needs)
            running = {job.outputs[other].recipe for other in board.running}
            assert job.outputs[at].recipe not in running
            started.append(at)
            board.running.add(at)
            if chance.random() < 0.5:
                break
        if not board.running:
            break
        at = chance.choice(sorted(board.running))
        board.running.discard(at)
        failed = Failed(filename=filename(at), subdir=HERE, because="x", log="", tail="", seconds=1.0)
        board.outcomes[at] = failed if at in failing else built(at)
    assert len(started) == len(set(started))
    assert board.outcomes.keys() == set(range(len(job.outputs)))
    report = board.report()
    assert [outcome.filename for outcome in report.outcomes] == [output.filename for output in job.outputs]
    aborted = [outcome for outcome in report.outcomes if isinstance(outcome, Aborted)]
    assert all(outcome.prerequisite in {str(filename(at)) for at in failing} for outcome in aborted)
