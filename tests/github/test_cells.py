"""The matrix, and what artifacts are called."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.ci.cells import LARGEST_OUTPUT, MOST_CELLS, BuiltName, matrix, newest, outputs
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, Job, PlannedOutput, Reason
from ci_tools.core.recipe import Dialect
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

ids = st.from_regex(r"[a-z0-9][a-z0-9-]{0,40}", fullmatch=True)


def output(name: str = "data", dialect: Dialect = Dialect.V1) -> PlannedOutput:
    return PlannedOutput(
        recipe=f"recipes/{name}", dialect=dialect, filename=Filename.parse(f"{name}-1.0-0.conda"), subdir=Subdir.NOARCH,
        build_number=0, input_hash="0" * 64, reason=Reason.CHANGED, because="a test wants it",
    )  # fmt: skip


def plan(jobs: Iterable[str], *outputs: PlannedOutput) -> BuildPlan:
    made = tuple(Job(id=j, subdir=Subdir.LINUX_64, runner="ubuntu-24.04", outputs=outputs or (output(),)) for j in jobs)
    return BuildPlan(channel="https://x.example/acme", base="", head="", generation=0, jobs=made)


def test_a_cell_is_an_id_a_machine_and_the_back_ends_it_needs() -> None:
    cells = json.loads(matrix(plan(["linux-64-a"], output(dialect=Dialect.V0), output("b", Dialect.BOA))))
    assert cells == {"include": [{"id": "linux-64-a", "runner": "ubuntu-24.04", "environment": "boa,conda-build"}]}


@given(st.lists(ids, unique=True, max_size=40), st.sets(st.integers(0, 39)))
def test_the_matrix_is_the_jobs_that_are_to_be_built(jobs: list[str], gone: set[int]) -> None:
    without = {job for number, job in enumerate(jobs) if number in gone}
    cells = json.loads(matrix(plan(jobs), without=without))["include"]
    assert [cell["id"] for cell in cells] == [job for job in jobs if job not in without]


def test_each_wave_is_a_level_of_its_own() -> None:
    jobs = plan(["a", "b", "c"]).jobs
    waved = replace(plan([]), jobs=(*jobs[:2], replace(jobs[2], wave=1, after=("a",))))
    found = outputs(waved, without=("b",))
    assert [cell["id"] for cell in json.loads(found["matrix"])["include"]] == ["a"]
    assert [cell["id"] for cell in json.loads(found["later_matrix"])["include"]] == ["c"]
    assert (found["any"], found["later"], outputs(plan(["a"]))["later"]) == ("true", "true", "false")


def test_a_full_matrix_fits_a_jobs_output() -> None:
    jobs = [f"linux-64-{'n' * 200}-{number}" for number in range(MOST_CELLS)]
    assert 2 * len(matrix(plan(jobs))) < LARGEST_OUTPUT
    with pytest.raises(UsageError, match="257 jobs, and a matrix takes 256"):
        matrix(plan([*jobs, "one-more"]))


@given(ids, st.integers(1, 9999))
def test_an_artifacts_name_is_read_back_as_it_was_written(job: str, attempt: int) -> None:
    name = BuiltName(job=job, attempt=attempt)
    assert BuiltName.parse(str(name)) == name


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 20)), max_size=12))
def test_the_last_attempt_of_each_job_is_taken(built: list[tuple[str, int]]) -> None:
    taken, strays = newest({str(BuiltName(job=job, attempt=n)) for job, n in built}, plan(["a", "b"]))
    assert taken == {job: f"built-{job}.{max(n for j, n in built if j == job)}" for job, _ in built if job != "c"}
    assert strays == tuple(sorted({f"built-c.{n}" for job, n in built if job == "c"}))


@pytest.mark.parametrize(
    "name", ["built-a.0", "built-a", "built-../x.1", "built-A.1", "plan.1", "built-a.1.1", "built-a.01"]
)
def test_a_name_that_nobody_was_asked_for_is_left_aside(name: str) -> None:
    assert newest([name], plan(["a"])) == ({}, (name,))
