"""Conditions of selectors are weighed, never run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.rendering.expressions import ConditionError, Names, holds

NAMES = {"linux": True, "osx": False, "py": 311, "target_platform": "linux-64", "environ": {}}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("linux", True), ("not osx", True), ("linux and py >= 310", True), ("py in (27, 311)", True),
        ("py == 27", False),
        ("osx or (linux and not py < 3)", True), ("target_platform.startswith('linux')", True),
        ("unheard_of", False),
        ("unheard_of == 'x'", False), ("environ.get('X', 'no') == 'no'", True),
        ("target_platform[:5] == 'linux'", True),
        ("1 if osx else 0", False), ("any([osx, linux])", True), ("int('3') > 2", True),
        ("'64' in target_platform", True),
    ],
)  # fmt: skip
def test_a_condition_holds_or_does_not(condition: str, answer: bool) -> None:  # noqa: FBT001
    assert holds(condition, Names(NAMES)) is answer


@pytest.mark.parametrize(
    "condition",
    ["", "linux and", "().__class__", "target_platform.__class__", "9**9**9", "'x' * 9**9", "lambda: 1",
     "[x for x in 'a']",
     "open('/etc/passwd')", "__import__('os')", "int.__subclasses__()", "py.bit_length()", "'{0.__class__}'.format(1)",
     "a := 1", "linux" + " and linux" * 500, "(" * 300 + ")" * 300, "'a'.join(['b' * 9000, 'c' * 9000])", "f'{linux}'"],
)  # fmt: skip
def test_what_could_do_harm_is_no_condition(condition: str) -> None:
    with pytest.raises(ConditionError):
        holds(condition, Names(NAMES))


@given(st.text(max_size=60))
def test_any_text_holds_or_does_not_or_is_no_condition(text: str) -> None:
    try:
        assert isinstance(holds(text, Names(NAMES)), bool)
    except ConditionError as exc:
        assert str(exc)  # noqa: PT017 (both outcomes are fine)
