"""Text from elsewhere, made fit to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.safe_text import masked, printable, secret_in

TOKEN = f"{'ab' * 6}-{'cd' * 20}"
KEY = "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----"


@given(st.text())
def test_what_is_shown_can_be_printed(text: str) -> None:
    assert all(c in "\n\t" or c.isprintable() for c in printable(text))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Zs"])).filter(str.isprintable))
def test_what_can_be_printed_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET /t/{TOKEN}/acme/noarch/repodata.json", "GET /t/***/acme/noarch/repodata.json"),
        (f"before {KEY} after", "before *** after"),
        ("https://anna:pw@host/acme", "https://***@host/acme"),
        ("--token=abc --passphrase abc --plan x", "--token=*** --passphrase *** --plan x"),
        ("--token --plan x", "--token --plan x"),
        (f"sha256 {'ab' * 32} of {'cd' * 20}", f"sha256 {'ab' * 32} of {'cd' * 20}"),
    ],
)
def test_a_secret_is_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(), st.text())
def test_nothing_known_is_left_after_masking(before: str, after: str) -> None:
    assert TOKEN not in masked(f"{before} {TOKEN} {after}")
    assert secret_in(masked(f"{before} {TOKEN} {after}")) in {"", "a password in a URL"}
