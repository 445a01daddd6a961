"""What a plan asked for is told from what it did not ask for, also where it could not know the whole name."""

from __future__ import annotations

import pytest
from workshop import HERE

from ci_tools.core.expected import fits, is_open
from ci_tools.core.package import Filename
from ci_tools.core.plan import PlannedOutput, Reason
from ci_tools.core.recipe import Dialect


def output(filename: str, number: int = 3) -> PlannedOutput:
    return PlannedOutput(
        recipe="recipes/x", dialect=Dialect.V0, filename=Filename.parse(filename), subdir=HERE, build_number=number,
        input_hash="0" * 64, reason=Reason.CHANGED, because="a test wants it",
    )  # fmt: skip


@pytest.mark.parametrize("made", ["x-1.0-py311h0123456_3.conda", "x-1.0-h0123456_3.conda", "x-1.0-3.conda"])
def test_an_open_name_is_fitted_by_any_build_of_that_number(made: str) -> None:
    assert fits(output("x-1.0-unknown01ab_3.conda"), Filename.parse(made))


@pytest.mark.parametrize(
    "made",
    ["y-1.0-h0123456_3.conda", "x-1.1-h0123456_3.conda", "x-1.0-h0123456_13.conda", "x-1.0-h012345_4.conda",
     "x-1.0-3.tar.bz2", "x-1.0-custom.conda"],
)  # fmt: skip
def test_an_open_name_is_fitted_by_nothing_else(made: str) -> None:
    assert not fits(output("x-1.0-unknown01ab_3.conda"), Filename.parse(made))


def test_a_whole_name_is_a_promise() -> None:
    assert fits(output("x-1.0-h1_3.conda"), Filename.parse("x-1.0-h1_3.conda"))
    assert not fits(output("x-1.0-h1_3.conda"), Filename.parse("x-1.0-h2_3.conda"))
    assert is_open(Filename.parse("x-1.0-unknown01ab_3.conda"))
    assert not is_open(Filename.parse("x-1.0-unknowable_3.conda"))
