"""What strangers write is shown as words: no mention, link, picture, tag or break out of its cell."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci_tools.core.ci.markdown import cell, code, table, within

nasty = st.text(alphabet=st.sampled_from("ab@#/:.|`*_[]()<>!\\\n\r~$&-w x"), max_size=60)
PLAIN = {"table", "thead", "tbody", "tr", "th", "td", "text", "inline", "code_inline", "softbreak", "text_special"}


def kinds(markdown: str) -> set[str]:
    """What GitHub's dialect makes of it: the tokens of a strict parser with tables, links and HTML on."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = set()
    for token in parser.parse(markdown):
        found.add(re.sub(r"_(open|close)$", "", token.type))
        found.update(re.sub(r"_(open|close)$", "", child.type) for child in token.children or ())
    return found


def links(markdown: str) -> list[str]:
    """Where its links lead."""
    inline = [
        child for token in MarkdownIt("commonmark").enable("table").parse(markdown) for child in token.children or ()
    ]
    return [str(child.attrs["href"]) for child in inline if child.type == "link_open"]


@given(nasty, nasty)
def test_a_row_stays_a_row_whatever_is_in_it(one: str, two: str) -> None:
    lines = [*table(("what", "why"), [(code(one), cell(two))])]
    assert kinds("\n".join(lines)) <= PLAIN
    assert len(lines) == 3


@pytest.mark.parametrize("text", ["@acme/admins", "fixes #1", "https://evil.example", "www.evil.example", "GH-12"])
def test_nothing_in_it_calls_or_links(text: str) -> None:
    shown = cell(text)
    assert not re.search(r"@\w|#\d|https?:/?/?\w|www\.\w|GH-\d", shown)


def test_a_secret_is_not_shown() -> None:
    assert "0123456789ab-" not in cell("token 0123456789ab-" + "0" * 40)


@given(st.text(max_size=300), st.integers(40, 200))
def test_a_cut_text_fits_and_says_that_it_is_cut(text: str, limit: int) -> None:
    found = within(text, limit, "(cut)")
    assert len(found) <= limit
    assert found == text if len(text) <= limit else found.endswith("(cut)")
