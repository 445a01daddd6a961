"""The dialect is told from what a recipe says, and refused where it says nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.core.dialect import dialect_of
from ci_tools.core.recipe import Dialect

PLAIN = "package: {name: a, version: 1}\n"


@pytest.mark.parametrize(
    "text",
    ["schema_version: 1\n", "tests:\n  - script: true\n", "x: ${{ a }}\n", "recipe: {name: a}\n",
     "x:\n  - if: linux\n\n    then: y\n", "about:\n  homepage: x\n", "build:\n  script: echo {{ x }} ${{ y }}\n"],
)  # fmt: skip
def test_v1(text: str) -> None:
    assert dialect_of("recipe.yaml", PLAIN + text) is Dialect.V1


@pytest.mark.parametrize(
    "text", ["x: '{{ a }}'\n", "steps:\n", "test: {}\n", "x:\n  - sel(linux): y\n", "about:\n  home: x\n"]
)
def test_boa(text: str) -> None:
    assert dialect_of("recipe.yaml", PLAIN + text) is Dialect.BOA


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "nothing in it"), ("# ${{ x }}\n# steps:\n", "nothing in it"), ("tests: []\nsteps: []\n", "`tests:`"),
     ("about:\n  homepage: x\ntest: {}\n", "`test:`")],
)  # fmt: skip
def test_what_could_be_either_is_refused_with_the_reason(text: str, said: str) -> None:
    found = dialect_of("recipe.yaml", PLAIN + text)
    assert not isinstance(found, Dialect)
    assert said in found


def test_a_meta_yaml_is_v0() -> None:
    assert dialect_of("meta.yaml", "x: ${{ a }}\n") is Dialect.V0


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert dialect_of("recipe.yaml", text)


def test_ten_megabytes_are_told_at_once() -> None:
    started = time.monotonic()
    for text in ("if: x\n" + "\n" * (10 << 20), "sel(" * (2 << 20), " " * (10 << 20)):
        assert dialect_of("recipe.yaml", text)
    assert time.monotonic() - started < 30
