"""Durations and sizes as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.quantities import (
    LONGEST,
    duration,
    duration_text,
    exact_size_text,
    size,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60m", 3600), ("12h", 43200), ("90d", 7776000), ("1h30m", 5400), ("2w1s", 1209601)]
)
def test_a_duration_is_read_as_it_is_meant(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "60", "m", "1.5h", "-1h", "30m1h", "1h1h", "1 h", "1H", "\u0661h", "0s", "99999d", "1h\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration(text)


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_a_duration_reads_back_equal(seconds: int) -> None:
    assert duration(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("text", "count"), [("5GB", 5 * 10**9), ("64GiB", 2**36), ("1 kB", 1000), ("7B", 7)])
def test_a_size_is_read_as_it_is_meant(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "5", "GB", "1.5GB", "0B", "-1B", "5gb", "5 GB\n", "\uff15GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        size(text)


@given(st.integers(1, 999_999_999_999))
def test_a_size_reads_back_equal(count: int) -> None:
    assert size(exact_size_text(count)) == count


SIZES = {0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB"}


@pytest.mark.parametrize("count", SIZES)
def test_a_size_for_people_has_three_digits_at_most(count: int) -> None:
    assert size_text(count) == SIZES[count]
