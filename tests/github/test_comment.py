"""What a run left is a stranger's word: read strictly, bounded, and its pull request looked up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from github_double import zipped
from hypothesis import given
from hypothesis import strategies as st
from test_markdown import PLAIN, kinds, links

from ci_tools import documents
from ci_tools.cli import answer
from ci_tools.core.ci.comment import MARKER, comment
from ci_tools.core.ci.rehearsal import Expected, FieldChange, Objection, Rehearsal
from ci_tools.core.package import Filename, Subdir

if TYPE_CHECKING:
    from pathlib import Path

    from github_double import State

HEAD, OTHER = "a" * 40, "c" * 40


def rehearsal(pull: int = 7, **more: object) -> Rehearsal:
    return Rehearsal(pull=pull, head=HEAD, channel="https://c.example/acme", generation=3, **more)


class Call:
    """`channel ci comment` after run 5, for the pull requests and artifacts that the double holds."""

    def __init__(self, state: State, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state, self.folder, self.capsys = state, folder, capsys
        state.add_pull(7, HEAD)
        state.add_run(5, HEAD)
        (folder / "channel.yaml").write_text("channel: acme\n")

    def __call__(self, **more: str) -> tuple[int, str]:
        event = self.folder / "event.json"
        event.write_text(json.dumps({"workflow_run": {"id": 5}}))
        env = {
            "GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "acme/recipes",
            "GITHUB_TOKEN": "t", "GITHUB_API_URL": self.state.url, "CHANNEL_FORGE_PAUSE": "0",
        }  # fmt: skip
        code = answer(["--config", str(self.folder / "channel.yaml"), "ci", "comment"], env | more)
        return int(code), self.capsys.readouterr().err


@pytest.fixture
def call(state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    return Call(state, tmp_path, capsys)


def leave(state: State, body: bytes, name: str = "preview.1", file: str = "preview.json") -> None:
    state.add_artifact(5, name, {file: body})


def test_the_last_attempt_is_what_is_said(call: Call, state: State) -> None:
    leave(state, documents.write(rehearsal(skipped=1)))
    leave(state, documents.write(rehearsal(objections=(Objection(what="noarch/a", because="no"),))), "preview.2")
    assert call()[0] == 0
    (comment_,) = state.comments[7]
    assert comment_["body"].startswith(f"{MARKER}\n### 0 packages would be published, 1 refused")
    assert [check["conclusion"] for check in state.checks.values()] == ["failure"]


def test_a_report_that_names_another_pull_request_is_refused(call: Call, state: State) -> None:
    state.add_pull(8, OTHER)
    leave(state, documents.write(rehearsal(pull=8)))
    code, told = call()
    assert (code, state.comments[8], state.checks) == (5, [], {})
    assert "names pull request 8, which the run was not for" in told


def test_a_fork_cannot_speak_of_a_pull_request_of_ours(call: Call, state: State) -> None:
    state.add_run(5, HEAD, head_repository="mallory/recipes")
    leave(state, documents.write(rehearsal()))
    assert call()[0] == 5
    assert state.comments[7] == []


def test_a_pull_request_that_has_moved_on_is_left_alone(call: Call, state: State) -> None:
    leave(state, documents.write(rehearsal()))
    state.pulls[7]["merge_commit_sha"] = HEAD  # so that GitHub still lists it for the run's commit
    state.pulls[7]["head"]["sha"] = OTHER
    code, told = call()
    assert (code, state.comments[7]) == (0, [])
    assert "moved on" in told


def test_a_run_that_left_nothing_is_said_on_its_pull_request(call: Call, state: State) -> None:
    assert call()[0] == 0
    assert "The run ended before there was a plan" in state.comments[7][0]["body"]


BAD = {
    "no JSON": {"preview.json": b"{"},
    "another document": {"preview.json": b'{"format": "build-plan/1"}'},
    "an unknown field": {"preview.json": documents.write(rehearsal()).replace(b'"skipped"', b'"skiped"')},
    "two files": {"preview.json": documents.write(rehearsal()), "more.json": b"{}"},
    "a path that leads out": {"../preview.json": documents.write(rehearsal())},
    "too long": {"preview.json": b" " * (5 << 20)},
}


@pytest.mark.parametrize("files", BAD.values(), ids=BAD)
def test_a_report_of_another_shape_is_not_read(files: dict[str, bytes], call: Call, state: State) -> None:
    state.add_artifact(5, "preview.1", files)
    assert call()[0] in {2, 5}
    assert state.comments[7] == []


def test_a_zip_that_is_none_or_unpacks_without_end_is_refused(call: Call, state: State) -> None:
    state.add_artifact(5, "preview.1", b"PK\x03\x04 no zip")
    assert call()[0] == 5
    bomb = zipped({"preview.json": b""})
    state.add_artifact(5, "preview.2", bomb.replace(b"preview.json", b"preview.jso\0"))
    assert call()[0] == 5


nasty = st.text(alphabet=st.sampled_from("ab@#/:.|`*_[]()<>!\\\n\r~$&- "), max_size=40)


@given(nasty, nasty, nasty)
def test_nothing_that_a_stranger_wrote_becomes_markup(one: str, two: str, three: str) -> None:
    """Names, reasons and dependencies of a hostile pull request: headings, links and mentions are ours alone."""
    change = FieldChange(name=one, removed=(two,), added=(three,))
    package = Expected(
        filename=Filename.parse("a-1-0.conda"), subdir=Subdir.NOARCH, size=1, sha256="0" * 64, recipe=one, replaces=two,
        changes=(change,),
    )  # fmt: skip
    objection = Objection(what=one, because=two, hint=three)
    text = comment(
        rehearsal(expected=(package,), objections=(objection,), unknown=one or "x"), "https://github.example/run"
    )
    ours = {"heading", "paragraph", "link", "strong", "blockquote", "html_inline"}
    assert kinds(text) <= PLAIN | ours
    assert links(text) == ["https://github.example/run"]
