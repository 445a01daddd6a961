"""A rule can be skipped with a reason, and with nothing else."""

from __future__ import annotations

import pytest
from subjects import judged, rules

TEXT = """\
package:
  name: thing
  version: "1"
about:
  license: MIT
  license_file: LICENSE
  summary: A thing
extra:
  channel:
    skip-lints:
"""
UNTESTED = "      - id: missing-tests\n        reason: {}\n"


def test_a_skip_with_a_reason_takes_the_finding_out_and_keeps_it_with_the_reason() -> None:
    assert rules(judged(TEXT.partition("extra:")[0])) == {"missing-tests"}
    found = judged(TEXT + UNTESTED.format("it is data"))
    assert found.findings == ()
    assert [(w.finding.rule, w.reason) for w in found.waived] == [("missing-tests", "it is data")]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (UNTESTED.format("''"), {"missing-tests", "skip-without-reason"}),
        (UNTESTED.format("'  '"), {"missing-tests", "skip-without-reason"}),
        ("      - missing-tests\n", {"missing-tests", "skip-without-reason"}),
        ("      missing-tests: because\n", set()),
        ("      missing-tests:\n", {"missing-tests", "skip-without-reason"}),
        ("      - {id: missing-test, reason: because}\n", {"missing-tests", "unknown-lint"}),
        ("      - {id: unreadable, reason: because}\n", {"missing-tests", "unknown-lint"}),
        ("      - {id: unneeded-skip, reason: because}\n", {"missing-tests", "unknown-lint"}),
        (UNTESTED.format("data") + "      - {id: weak-checksum, reason: because}\n", {"unneeded-skip"}),
        (UNTESTED.format("data") + "      - {id: shadows-upstream, reason: meant}\n", set()),
    ],
)
def test_a_skip_that_is_wrong_skips_nothing_and_is_said(entries: str, expected: set[str]) -> None:
    assert rules(judged(TEXT + entries)) == expected


def test_an_unknown_rule_is_answered_with_the_right_one() -> None:
    found = judged(TEXT + "      - {id: missing-test, reason: because}\n").findings
    assert [(f.line, f.hint) for f in found if f.rule == "unknown-lint"] == [(11, "did you mean `missing-tests`?")]
