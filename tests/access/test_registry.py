"""The registry as people write it, and as it is changed under their hands."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from edge_world import grant, token
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.registry import RegistryFile
from ci_tools.core.access import Grant, GrantKind
from ci_tools.core.registry import HEADER, entry_lines
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = """\
# Our people. Ask in #conda before you add one.

grants:
  # the build machines come first
  - id: "000000000001"   # ann's laptop
    name: n1
    owner: ann@acme.example
    channels: [main]
    expires: 2030-01-02
    hash: {0}
    # still needed in spring

  - name: n2
    kind: service
    id: 000000000002
    hash: '{1}'
    expires: 2030-01-02T00:00:00Z
    owner: "ann@acme.example"
    channels:
      - main
      - pr/12   # the preview
  # nobody below this line
"""
WRITTEN = BY_HAND.format(token(1).hash, token(2).hash)
FIRST = grant(1, name="n1", expires=datetime(2030, 1, 2, tzinfo=UTC))
SECOND = grant(2, name="n2", channels=("main", "pr/12"), expires=FIRST.expires, kind=GrantKind.SERVICE)
THIRD = grant(3, name="n3", expires=FIRST.expires)


def registry(folder: Path, text: str | None = WRITTEN) -> RegistryFile:
    path = folder / "access.yaml"
    if text is not None:
        path.write_bytes(text.encode())
    return RegistryFile(path=path, shown=".github/access.yaml")


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(UsageError) as caught:
        registry(folder, text).grants()
    return caught.value.problems


def test_what_people_write_is_read(tmp_path: Path) -> None:
    assert registry(tmp_path).grants() == (FIRST, SECOND)


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "grants:\n", "grants: []\n", "grants: ~\n", HEADER])
def test_a_registry_may_be_empty(tmp_path: Path, text: str | None) -> None:
    empty = registry(tmp_path, text)
    assert empty.grants() == ()
    empty.add(THIRD)
    assert empty.grants() == (THIRD,)
    empty.remove(THIRD.id)
    assert empty.grants() == ()


def test_a_new_grant_is_written_behind_the_others_and_nothing_else_changes(tmp_path: Path) -> None:
    changed = registry(tmp_path)
    changed.add(THIRD)
    lines = changed.path.read_text().splitlines()
    new = [f"  {line.removeprefix('  ')}" for line in entry_lines(THIRD)]
    assert [line for line in lines if line not in new] == [line for line in WRITTEN.splitlines() if line not in new]
    assert lines[-1] == "  # nobody below this line"


def test_a_revoked_grant_takes_only_its_own_lines(tmp_path: Path) -> None:
    changed = registry(tmp_path)
    changed.remove(SECOND.id)
    assert changed.path.read_text() == WRITTEN[: WRITTEN.index("  - name: n2")] + "  # nobody below this line\n"
    changed.remove(FIRST.id)
    assert "# still needed in spring" in changed.path.read_text()
    assert "n1" not in changed.path.read_text()


def test_adding_and_removing_gives_back_every_byte(tmp_path: Path) -> None:
    changed = registry(tmp_path)
    changed.add(THIRD)
    changed.remove(THIRD.id)
    assert changed.path.read_text() == WRITTEN


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    changed = registry(tmp_path, WRITTEN.replace("\n", "\r\n"))
    changed.add(THIRD)
    assert changed.path.read_bytes().count(b"\n") == changed.path.read_bytes().count(b"\r\n")
    changed.remove(FIRST.id)
    assert changed.grants() == (SECOND, THIRD)


@pytest.mark.parametrize(
    "text",
    ["grants: [{}]\n", "grants: [\n]\n - x", "grants:\n- id: x\n", "a: b\n", "- x\n", "grants: x\n", "x", "a: [\n"],
)
def test_what_is_no_registry_is_refused(tmp_path: Path, text: str) -> None:
    assert all(problem.path == ".github/access.yaml" for problem in problems(tmp_path, text))


def test_one_line_lists_are_left_alone(tmp_path: Path) -> None:
    entry = ", ".join(line[4:] for line in entry_lines(FIRST)).replace("- ", "", 1)
    flow = registry(tmp_path, f"grants: [{{{entry}}}]\n")
    assert flow.grants() == (FIRST,)
    with pytest.raises(UsageError, match="one line"):
        flow.add(THIRD)
    with pytest.raises(UsageError, match="one line"):
        flow.remove(FIRST.id)


def test_all_mistakes_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    wrong = WRITTEN.replace("owner: ann", "ownr: ann", 1).replace("[main]", "[t/x]").replace("2030-01-02\n", "soon\n")
    wrong = wrong.replace("kind: service", "kind: robot").replace("name: n2", "name: [n2]")
    found = problems(tmp_path, wrong)
    assert [p.line for p in found] == [5, 7, 8, 9, 13, 14]
    assert found[0].message == "this grant has no owner"
    assert found[1].hint == "did you mean `owner`?"


def test_ids_names_and_hashes_are_given_once(tmp_path: Path) -> None:
    twice = HEADER + "\n".join(entry_lines(FIRST) + entry_lines(FIRST)) + "\n"
    assert [problem.message.split(" of ")[0] for problem in problems(tmp_path, twice)] == [
        "this grant has the id", "this grant has the name", "this grant has the hash",
    ]  # fmt: skip


def test_a_key_is_written_once(tmp_path: Path) -> None:
    found = problems(tmp_path, WRITTEN.replace("    name: n1\n", "    name: n1\n    name: n3\n"))
    assert {problem.message for problem in found} == {"`name` is here twice"}


@pytest.mark.parametrize("shape", ["hash: {0}", "hash: {0} # {0}", "# {0}", "owner: {0}"])
def test_a_token_in_the_registry_is_refused_loudly_and_not_repeated(tmp_path: Path, shape: str) -> None:
    text = token(1).text.reveal()
    found = problems(tmp_path, WRITTEN.replace("    name: n1", f"    {shape.format(text)}"))
    assert found[0].message.startswith("this is the token itself")
    assert "revoke it now: channel access revoke 000000000001 --now" in found[0].hint
    assert token(1).secret.reveal() not in repr(found)


def test_a_secret_for_a_hash_is_the_token_itself(tmp_path: Path) -> None:
    found = problems(tmp_path, WRITTEN.replace(token(1).hash, token(1).secret.reveal()))
    assert found[0].message.startswith("this is the token itself")
    assert token(1).secret.reveal() not in repr(found)


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="already has a grant"):
        registry(tmp_path).add(grant(4, name="n1"))
    assert registry(tmp_path, None).path.read_text() == WRITTEN


@given(st.text(min_size=1, max_size=12).filter(lambda t: t.isprintable() and t == t.strip() and t))
def test_every_name_is_read_back(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("r")
    made: Grant = grant(7, name=name)
    registry(folder, None).add(made)
    assert registry(folder, None).grants() == (made,)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = registry(tmp_path_factory.mktemp("r"), None)
    file.path.write_bytes(f"grants:\n{text}".encode("utf-8", "surrogatepass"))
    with contextlib.suppress(UsageError):
        file.grants()
