"""A recipe is read with the place of each value, in every dialect, and edited without touching anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects import written

from ci_tools.adapters.recipes.reading import read_recipe
from ci_tools.core.edits import Edit, applied, quoting, redefining, replacing
from ci_tools.core.recipe import Dialect

V1 = """\
# of a colleague
schema_version: 1
context:
  version: "1.2"   # é
package: {name: thing, version: '${{ version }}'}
source:
  - if: linux
    then:
      url: https://example.com/linux-${{ version }}.tar.gz
      sha256: aa
    else:
      - url: https://example.com/other-${{ version }}.tar.gz
        sha256: bb
requirements:
  run:
    - if: unix
      then: [a, b]
    - c >=1
"""
V0 = """\
{% set name = "Thing" %}
{% set version = '1.2' %}  # now
package:
  name: {{ name|lower }}
  version: {{ version }}
source:
  url: https://example.com/{{ name }}-{{ version }}.tar.gz  # [unix]
  url: https://example.com/{{ name }}-{{ version }}.zip  # [win]
  sha256: aa  # [unix]
requirements:
  host:
    - python {{ python }}
    - make                                       [linux]
{% if unix %}
    - {{ compiler('c') }}
{% endif %}
"""
BOA = """\
context:
  name: thing
package:
  name: "{{ name }}"
  version: 1.2
source:
  - sel(linux): {url: https://example.com/a.tar.gz}
requirements:
  run:
    - sel(unix): bash
    - sel(win):
      - m2-bash
"""


@pytest.mark.parametrize(("text", "dialect"), [(V1, Dialect.V1), (V0, Dialect.V0), (BOA, Dialect.BOA)])
def test_a_value_stands_where_it_is_said_to_stand(text: str, dialect: Dialect) -> None:
    found = written(text, dialect)
    assert found.problems == ()
    for field in (each for each in found.fields if each.value):
        raw = text[field.start : field.end]
        assert raw.strip("'\"") == field.value
        assert found.place(field.start) == (field.line, field.column)


def test_what_is_behind_a_condition_stands_where_it_would_stand_without() -> None:
    found = written(V1)
    assert [f.value for f in found.scalars("requirements", "run")] == ["a", "b", "c >=1"]
    assert [f.condition for f in found.scalars("requirements", "run")] == ["unix", "unix", ""]
    assert found.sources() == (("source", 0), ("source", 1))
    assert [found.first(*path, "sha256").value for path in found.sources()] == ["aa", "bb"]
    assert [found.first(*path, "url").condition for path in found.sources()] == ["linux", "not (linux)"]


def test_selectors_of_the_older_dialects_are_conditions() -> None:
    found = written(V0, Dialect.V0)
    assert [f.condition for f in found.at("source", "url")] == ["unix", "win"]
    assert [f.value for f in found.scalars("requirements", "host")] == [
        "python {{ python }}", "make", "{{ compiler('c') }}",
    ]  # fmt: skip
    boa = written(BOA, Dialect.BOA)
    assert [(f.value, f.condition) for f in boa.scalars("requirements", "run")] == [
        ("bash", "unix"), ("m2-bash", "win"),
    ]  # fmt: skip
    assert [boa.first(*path, "url").value for path in boa.sources()] == ["https://example.com/a.tar.gz"]


def test_templates_are_filled_with_what_the_recipe_says_and_left_alone_otherwise() -> None:
    found = written(V0, Dialect.V0)
    assert found.resolved("{{ name|lower }}-{{ version }}-{{ python }}") == "thing-1.2-{{ python }}"
    assert (
        written(V1).resolved("${{ version | replace('.', '_') }} ${{ version | split }}")
        == "1_2 ${{ version | split }}"
    )


def test_a_line_for_windows_alone_does_not_hide_the_rest() -> None:
    text = "package:\n  name: a\nbuild:\n  script: python setup.py  # [unix]\n  script: %PYTHON% setup.py  # [win]\n"
    assert written(text, Dialect.V0).first("package", "name").value == "a"


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("package: [\n", 2, "flow"),
        ("a: 1\nb: c: d\n", 2, "mapping values"),
        ("a: &a [*a]\n", 0, "not YAML"),
        ("a: " + "[" * 200, 1, "too deep"),
    ],
)
def test_what_is_no_yaml_has_no_fields_and_says_where(body: str, line: int, said: str) -> None:
    found = written(body)
    (problem,) = found.problems
    assert (found.fields, problem.line, said in problem.message) == ((), line, True)


def test_bytes_that_are_no_text_and_huge_files_are_problems() -> None:
    recipe = written(V1).recipe
    assert read_recipe(recipe, b"a: 1\nb: \xff\n").problems[0].line == 2
    assert "bytes" in read_recipe(recipe, b"a: 1\n" * 3_000_000).problems[0].message


@given(st.text(max_size=300), st.sampled_from(Dialect))
def test_no_text_is_too_strange_to_be_read(text: str, dialect: Dialect) -> None:
    found = written(text, dialect)
    assert all(0 <= field.start <= field.end <= len(found.text) for field in found.fields)


@given(st.data(), st.sampled_from([(V1, Dialect.V1), (V0, Dialect.V0), (BOA, Dialect.BOA)]))
def test_an_edit_changes_one_value_and_no_other_byte(data: st.DataObject, case: tuple[str, Dialect]) -> None:
    text, dialect = case
    found = written(text, dialect)
    field = data.draw(st.sampled_from([f for f in found.fields if f.value]))
    value = data.draw(st.from_regex(r"[a-z0-9]{1,8}(\.[0-9]{1,3})?", fullmatch=True))
    edit = replacing(found, field, value)
    after = applied(text, [edit])
    assert after == text[: field.start] + edit.text + text[field.end :]
    again = written(after, dialect)
    values = [(f.path, f.condition, f.value) for f in found.fields]
    values[found.fields.index(field)] = (field.path, field.condition, value)
    assert [(f.path, f.condition, f.value) for f in again.fields] == values


@given(st.text(max_size=50), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.text(max_size=3))))
def test_edits_are_counted_in_the_text_they_are_made_for(text: str, places: list[tuple[int, int, str]]) -> None:
    edits = [Edit(start=min(a, b), end=max(a, b), text=new) for a, b, new in places if max(a, b) <= len(text)]
    assert applied(text, []) == text
    assert applied(text, edits) == applied(text, reversed(edits))
    for edit in edits:
        assert applied(text, [edit]) == text[: edit.start] + edit.text + text[edit.end :]


def test_a_template_is_followed_to_the_one_place_that_says_its_value() -> None:
    found = written(V0, Dialect.V0)
    (edit,) = redefining(found, found.first("package", "version"), "2.0")
    assert applied(V0, [edit]) == V0.replace("'1.2'", "'2.0'")
    twice = written(V0.replace("package:", "{% set version = '3' %}\npackage:"), Dialect.V0)
    assert redefining(twice, twice.first("package", "version"), "2.0") == ()
    assert redefining(found, found.first("package", "name"), "other") == ()


def test_what_would_be_read_as_something_else_is_quoted() -> None:
    found = written("a: b\n")
    assert applied("a: b\n", [replacing(found, found.first("a"), "1.10")]) == 'a: "1.10"\n'
    assert applied("a: b\n", [replacing(found, found.first("a"), "x: #y")]) == 'a: "x: #y"\n'
    assert applied("a: b\n", [quoting(found, found.first("a"))]) == 'a: "b"\n'
