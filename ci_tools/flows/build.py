"""Build the outputs of a plan's jobs, in order; a failure stops only what needs what failed."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, assert_never

from ci_tools.core.board import Board
from ci_tools.core.expected import is_what_was_asked
from ci_tools.core.package import Subdir, built_on
from ci_tools.core.plan import Aborted, BuildReport, Built, Failed
from ci_tools.core.recipe import Recipe
from ci_tools.errors import UsageError
from ci_tools.ports import BuildBackend, CodeHost, Outbox, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_tools.core.plan import BuildPlan, Job, Outcome, PlannedOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and with what is built. `workspace` is the outbox's own: every job works in a folder of its name in it."""

    machine: Subdir  # what this machine can build for, besides noarch
    backends: tuple[BuildBackend, ...]
    workspace: Workspace
    outbox: Outbox
    host: CodeHost
    at_once: int = 1  # how many outputs are built side by side
    unread: str = ""  # why the channel's own packages cannot be had here; empty where they can


def build(plan: BuildPlan, job_ids: Sequence[str], bench: Bench) -> tuple[BuildReport, ...]:
    """A report for each job, in the plan's order; without ids, for every job that this machine can do.

    What needs nothing of each other is built at once.

    Outputs that an earlier run built from the same inputs are kept. Raises UsageError for a job that the plan does
    not have or that another machine must do, before anything is built.
    """
    jobs = _chosen(plan, job_ids, bench)
    bench.outbox.begin(plan)
    total = sum(len(job.outputs) for job in jobs)
    with bench.host.progress("building", total, "packages") as done:
        boards = [board for wave in _waves(jobs) for board in _wave(wave, plan, bench, done)]
    reports = {board.job.id: board.report() for board in boards}
    return tuple(reports[job.id] for job in jobs)


def _waves(jobs: Sequence[Job]) -> Iterator[tuple[Job, ...]]:
    """The jobs of each wave, the first one first."""
    for number in sorted({job.wave for job in jobs}):
        yield tuple(job for job in jobs if job.wave == number)


def _wave(jobs: Sequence[Job], plan: BuildPlan, bench: Bench, done: Callable[[int], None]) -> tuple[Board, ...]:
    boards = tuple(_board(job, plan, bench) for job in jobs)
    for board in boards:
        bench.outbox.save(board.report())
    _carried_out(boards, bench, done)
    return boards


def _chosen(plan: BuildPlan, job_ids: Sequence[str], bench: Bench) -> tuple[Job, ...]:
    if unknown := sorted(set(job_ids) - {job.id for job in plan.jobs}):
        raise UsageError(*(f"the plan has no job `{name}`" for name in unknown), hint=_has(plan))
    jobs = tuple(job for job in plan.jobs if job.id in job_ids or not job_ids)
    elsewhere = [job for job in jobs if built_on(job.subdir) != bench.machine]
    if job_ids and elsewhere:
        raise UsageError(
            *(f"job `{job.id}` builds on {job.subdir}, this machine is {bench.machine}" for job in elsewhere),
            hint="run it on such a machine; without --job, what this one can do is built",
        )
    for job in elsewhere:
        bench.host.say(f"left out: job `{job.id}` builds on {job.subdir}, this machine is {bench.machine}")
    return tuple(job for job in jobs if job not in elsewhere)


def _has(plan: BuildPlan) -> str:
    return "it has " + (", ".join(job.id for job in plan.jobs) or "no jobs: there is nothing to build")


def _board(job: Job, plan: BuildPlan, bench: Bench) -> Board:
    found = bench.outbox.kept(job)
    kept = {at: built for at, output in enumerate(job.outputs) for built in found if is_what_was_asked(output, built)}
    return Board(job=job, kept=kept, unread=bench.unread, undelivered=dict(_undelivered(job, plan, bench)))


def _undelivered(job: Job, plan: BuildPlan, bench: Bench) -> Iterator[tuple[str, str]]:
    """What the jobs that it comes after were to make and is not here, each with its job."""
    for other in (other for other in plan.jobs if other.id in job.after):
        there = bench.outbox.delivered(other)
        missing = (o for o in other.outputs if not any(is_what_was_asked(o, built) for built in there))
        yield from ((str(output.filename), other.id) for output in missing)


def _carried_out(boards: Sequence[Board], bench: Bench, done: Callable[[int], None]) -> None:
    """Build whatever can be built, so many at once as the bench says; only this thread tells and saves."""
    running: dict[Future[Built | Failed], tuple[Board, int]] = {}
    over = Event()
    bench = replace(bench, workspace=replace(bench.workspace, interrupted=over.is_set))
    with ThreadPoolExecutor(bench.at_once) as pool:
        try:
            while _progressed(boards, bench, done, running, pool):
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    board, at = running.pop(future)
                    board.running.discard(at)
                    board.outcomes[at] = future.result()
                    _close(board, at, bench, done)
        finally:
            over.set()  # ends what runs, should somebody have interrupted us


def _progressed(
    boards: Sequence[Board], bench: Bench, done: Callable[[int], None],
    running: dict[Future[Built | Failed], tuple[Board, int]], pool: ThreadPoolExecutor,
) -> bool:  # fmt: skip
    """Settle what needs no building, start what has room; whether anything runs now."""
    for board in boards:
        while settled := list(board.settled()):
            for at, _ in settled:
                _close(board, at, bench, done)
        for at in board.startable():
            if len(running) >= bench.at_once:
                return True
            board.running.add(at)
            running[pool.submit(_built, board.job.outputs[at], board.job, bench)] = (board, at)
    return bool(running)


def _close(board: Board, at: int, bench: Bench, done: Callable[[int], None]) -> None:
    output = board.job.outputs[at]
    with bench.host.group(f"{output.filename} ({output.subdir})"):
        _tell(board.outcomes[at], board.kept.get(at), bench.host, output)
    bench.outbox.save(board.report())
    done(1)


def _built(output: PlannedOutput, job: Job, bench: Bench) -> Built | Failed:
    name = output.recipe.rpartition("/")[2]
    recipe = Recipe(name=name, directory=output.recipe, file="", dialect=output.dialect)
    place = bench.workspace
    workspace = replace(
        place,
        scratch=place.scratch / job.scratch,
        collected=place.collected / job.id,
        channels=(*((place.collected / earlier).as_uri() for earlier in job.after), *place.channels),
    )
    for backend in bench.backends:
        if backend.claims(recipe):
            return backend.build(output, job.subdir, workspace)
    because = f"no back end here builds the dialect {output.dialect}"
    return Failed(filename=output.filename, subdir=output.subdir, because=because, log="", tail="", seconds=0.0)


def _tell(outcome: Outcome, kept: Built | None, host: CodeHost, output: PlannedOutput) -> None:
    match outcome:
        case Built() if outcome is kept:
            host.say(f"{outcome.filename} is kept: an earlier run built it from the same inputs")
        case Built():
            host.say(f"{outcome.filename}: {outcome.size} bytes, sha256 {outcome.sha256}")
        case Failed():
            host.say(outcome.tail)
            host.annotate("error", f"{outcome.filename} failed: {outcome.because}", path=output.file)
        case Aborted():
            host.annotate("warning", f"{outcome.filename} was not tried: {outcome.because}", path=output.file)
        case _ as never:
            assert_never(never)
