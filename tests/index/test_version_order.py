from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import Version
from rattler.exceptions import InvalidVersionError

from ci_tools.core.version import VersionOrder
from ci_tools.errors import PackageError

# From conda's own documentation of the order.
ORDERED = [
    "0.4", "0.4.1.rc", "0.4.1", "0.5a1", "0.5b3", "0.5C1", "0.5", "0.9.6", "0.960923", "1.0", "1.1dev1", "1.1_",
    "1.1a1", "1.1.0dev1", "1.1.a1", "1.1.0rc1", "1.1.0", "1.1.0post1", "1.1post1", "1996.07.12", "1!0.4.1",
    "1!3.1.1.6", "2!0.4.1",
]  # fmt: skip
NUMBER, LETTERS = "(0|1|2|10)", "[0-3]?(a|b|rc|dev|post|z)[0-2]?"
PART = f"({NUMBER}|{LETTERS})"
# An underscore at the end follows a number: after letters conda and rattler disagree.
versions = st.from_regex(rf"([0-2]!)?{PART}([._]{PART}){{0,3}}(\.[012]_)?(\+(1|a|2\.b))?", fullmatch=True)


def test_versions_are_ordered_as_documented() -> None:
    parsed = [VersionOrder.parse(v) for v in ORDERED]
    assert all(one <= other for one, other in pairwise(parsed))


@given(versions, versions)
def test_versions_are_ordered_as_clients_order_them(one: str, other: str) -> None:
    ours, theirs = (VersionOrder.parse(one), VersionOrder.parse(other)), (Version(one), Version(other))
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])


@given(st.text("019.abz_+!*", max_size=8))
def test_what_we_take_for_a_version_clients_take_for_one_too(text: str) -> None:
    try:
        VersionOrder.parse(text)
    except PackageError:
        return
    Version(text)


@pytest.mark.parametrize(
    "text", ["", "1..0", "1!", "!1", "1!2!3", "1+", "1+2+3", "a!1", ".1", "1.", "1 0", "1-0", "_", "*"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(PackageError, match="is not a version"):
        VersionOrder.parse(text)


def test_clients_refuse_the_same_empty_parts() -> None:
    with pytest.raises(InvalidVersionError):
        Version("1..0")
