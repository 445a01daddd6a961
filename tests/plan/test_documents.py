"""What travels between the jobs comes out as it went in, or is refused with all its mistakes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_plan import filenames, names

from ci_tools import documents
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.plan import BuildPlan, BuildReport, Failed, PlannedOutput
from ci_tools.core.receipt import Receipt, RunReport
from ci_tools.errors import ExitCode, UsageError

st.register_type_strategy(Filename, filenames)
st.register_type_strategy(PlannedOutput, st.builds(PlannedOutput, recipe=names.map("recipes/{}".format)))
st.register_type_strategy(float, st.floats(min_value=0, max_value=1e9))

REPORT = BuildReport(
    job="linux-64-a",
    outcomes=(
        Failed(
            filename=Filename.parse("a-1-0.conda"),
            subdir=Subdir.NOARCH,
            because="exit code 1",
            log="a.log",
            tail="no such file",
            seconds=1.5,
        ),
    ),
)


@pytest.mark.parametrize("type_", [BuildPlan, BuildReport, Receipt, RunReport])
def test_a_document_reads_back_as_what_was_written(type_: type) -> None:
    @given(st.from_type(type_))
    def holds(value: object) -> None:
        body = documents.write(value)
        assert documents.read(type_, body, "x.json") == value
        assert documents.write(documents.read(type_, body, "x.json")) == body

    holds()


def test_a_document_is_sorted_indented_and_ends_in_a_newline() -> None:
    body = documents.write(REPORT)
    fields = json.loads(body)
    assert body.decode() == json.dumps(fields, indent=2, sort_keys=True) + "\n"
    assert fields["format"] == "build-report/1"


def refused(body: bytes) -> list[str]:
    with pytest.raises(UsageError) as caught:
        documents.read(BuildReport, body, "build.json")
    assert caught.value.exit_code is ExitCode.USAGE
    assert all(p.path == "build.json" and p.hint for p in caught.value.problems)
    return [p.message for p in caught.value.problems]


def test_every_mistake_is_told_with_its_path() -> None:
    body = documents.write(REPORT).replace(b'"tail"', b'"tale"').replace(b"a-1-0", b"a-1").replace(b"1.5", b'"1"')
    assert refused(body) == [
        "`outcomes[0].Failed.filename`: `a-1` is not name-version-build",
        "`outcomes[0].Failed.tail`: field required",
        "`outcomes[0].Failed.seconds`: input should be a valid number",
        "`outcomes[0].Failed.tale` is not known here",
    ]


def test_an_unknown_outcome_is_told_once_for_each_that_there_is() -> None:
    messages = refused(documents.write(REPORT).replace(b'"failed"', b'"lost"'))
    assert [m.rpartition(" ")[2] for m in messages] == ["'built'", "'failed'", "'aborted'"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b'{"format": "build-report/1"', "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 10_000, "not JSON"),
        (b"[]", "says no format"),
        (b'{"job": "a", "outcomes": []}', "says no format"),
        (b'{"format": "build-plan/1"}', "its format is `build-plan/1`"),
        (b'{"format": "build-report/0"}', "its format is `build-report/0`"),
        (b'{"format": "build-report/1"}', "`job`: field required"),
    ],
)
def test_what_is_no_such_document_is_refused(body: bytes, message: str) -> None:
    assert message in refused(body)[0]


def test_half_a_surrogate_does_not_stop_a_report() -> None:
    report = BuildReport(job="a\udc80b", outcomes=())
    assert documents.read(BuildReport, documents.write(report), "x").job == "a?b"
