"""What every code host keeps to. A new one is one line of HOSTS."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_tools.adapters.hosts.github import GitHub
from ci_tools.adapters.hosts.terminal import Terminal
from ci_tools.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ci_tools.ports import CodeHost

WIDE = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def terminal(stream: io.StringIO, folder: Path, verbosity: int = 0) -> CodeHost:
    return Terminal(stream, WIDE | {"FOLDER": str(folder)}, verbosity=verbosity)


def github(stream: io.StringIO, folder: Path, verbosity: int = 0) -> CodeHost:
    files = {"GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_OUTPUT": str(folder / "output")}
    return GitHub(stream, files, verbosity=verbosity, nonce=lambda: "n0nce")


HOSTS = {
    "a terminal": (terminal, Tty),
    "a log": (terminal, io.StringIO),
    "github": (github, io.StringIO),
}


@pytest.fixture(params=HOSTS)
def kind(request: pytest.FixtureRequest) -> tuple[Callable[..., CodeHost], type[io.StringIO]]:
    return HOSTS[request.param]


@pytest.fixture
def stream(kind: tuple[Callable[..., CodeHost], type[io.StringIO]]) -> io.StringIO:
    return kind[1]()


@pytest.fixture
def host(kind: tuple[Callable[..., CodeHost], type[io.StringIO]], stream: io.StringIO, tmp_path: Path) -> CodeHost:
    return kind[0](stream, tmp_path)


def seen(stream: io.StringIO) -> str:
    """What is left to be read: without colours and what moves the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def test_what_is_said_is_heard(host: CodeHost, stream: io.StringIO) -> None:
    host.say("two recipes\nand no [bold]markup[/] :smile:")
    assert seen(stream) == "two recipes\nand no [bold]markup[/] :smile:\n"


def test_a_long_line_is_not_folded(host: CodeHost, stream: io.StringIO) -> None:
    host.say("word " * 100)
    assert len(seen(stream).splitlines()) == 1


def test_a_group_has_its_title_before_what_is_said_inside(host: CodeHost, stream: io.StringIO) -> None:
    with host.group("outer"), host.group("inner"):
        host.say("inside")
    host.say("after")
    text = seen(stream)
    assert text.index("outer") < text.index("inner") < text.index("inside") < text.index("after")


def test_a_group_ends_where_an_error_leaves_it(host: CodeHost, stream: io.StringIO) -> None:
    with pytest.raises(KeyError), host.group("title"):
        raise KeyError
    host.say("after")
    assert seen(stream).endswith("\nafter\n")


@pytest.mark.parametrize("level", ["notice", "warning", "error"])
def test_an_annotation_names_level_place_and_message(level: str, host: CodeHost, stream: io.StringIO) -> None:
    host.annotate(level, "it is so", path="recipes/x/recipe.yaml", line=7)
    assert all(word in seen(stream) for word in (level, "it is so", "recipes/x/recipe.yaml", "7"))


def test_progress_ends_with_what_was_done(host: CodeHost, stream: io.StringIO) -> None:
    with host.progress("uploading", 3, "packages") as more:
        for _ in range(3):
            more(1)
    assert seen(stream).endswith("uploading: 3 packages\n")


def test_bytes_are_counted_as_people_count_them(host: CodeHost, stream: io.StringIO) -> None:
    with host.progress("uploading", 5_400_000, "B") as more:
        more(5_400_000)
    assert "uploading: 5.4 MB\n" in seen(stream)


def test_progress_that_fails_claims_nothing(host: CodeHost, stream: io.StringIO) -> None:
    with suppress(KeyError), host.progress("uploading", 3, "packages") as more:
        more(1)
        raise KeyError
    assert "uploading:" not in seen(stream)


def test_progress_without_work_is_silent(host: CodeHost, stream: io.StringIO) -> None:
    with host.progress("uploading", 0, "packages"):
        pass
    assert "uploading:" not in seen(stream)


def test_progress_is_told_in_few_lines(host: CodeHost, stream: io.StringIO) -> None:
    with host.progress("checking", 100_000, "packages") as more:
        for _ in range(100_000):
            more(1)
    assert seen(stream).count("checking:") <= 11


def test_two_may_progress_at_once(host: CodeHost, stream: io.StringIO) -> None:
    with host.progress("outer", 2, "jobs") as outer, host.progress("inner", 2, "packages") as inner:
        inner(2)
        host.say("between")
        outer(2)
    assert all(line in seen(stream) for line in ("inner: 2 packages\n", "between\n", "outer: 2 jobs\n"))


def test_a_masked_text_is_never_shown(host: CodeHost, stream: io.StringIO) -> None:
    host.mask(Secret("hunter2\nsecond-line"))
    before = stream.tell()
    host.say("it is hunter2")
    host.annotate("error", "second-line")
    with host.group("hunter2"):
        pass
    shown = stream.getvalue()[before:]
    assert "hunter2" not in shown
    assert "second-line" not in shown


def test_masking_nothing_masks_nothing(host: CodeHost, stream: io.StringIO) -> None:
    host.mask(Secret("\n  \n"))
    host.say("as it is")
    assert seen(stream) == "as it is\n"


def test_quiet_leaves_errors(kind: tuple[Callable[..., CodeHost], type[io.StringIO]], tmp_path: Path) -> None:
    stream = kind[1]()
    host = kind[0](stream, tmp_path, verbosity=-1)
    host.say("said")
    with host.group("title"), host.progress("uploading", 1, "packages") as more:
        more(1)
        host.annotate("warning", "careful")
    assert seen(stream) == ""
    host.annotate("error", "wrong")
    assert "wrong" in seen(stream)


def test_a_control_character_is_shown_and_not_obeyed(host: CodeHost, stream: io.StringIO) -> None:
    host.say("a\x1b[2Jb\rc\u202ed")
    assert seen(stream) == "a\\x1b[2Jb\\rc\\u202ed\n"


@pytest.mark.parametrize("make", [terminal, github])
def test_narration_that_nobody_hears_ends_no_work(make: Callable[..., CodeHost], tmp_path: Path) -> None:
    host = make(Gone(), tmp_path)
    with host.group("title"), host.progress("uploading", 1, "packages") as more:
        host.say("said")
        host.annotate("error", "wrong")
        more(1)


def commands(stream: io.StringIO) -> list[str]:
    """What the runner would obey: it trims a line, and finds the older form anywhere in it."""
    lines = re.split(r"\r\n|\r|\n", stream.getvalue())
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@given(
    text=st.lists(st.sampled_from(["::error::x", "##[group]", ":", "\n", "\r", "\t", " ", "x", "\u2028"])).map("".join)
)
def test_no_text_becomes_a_command(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    stream = io.StringIO()
    host = github(stream, tmp_path_factory.getbasetemp())
    host.say(text)
    with host.group("outer"), host.group(text), host.progress(text, 1, "packages") as more:
        more(1)
    assert commands(stream) == ["::group::outer", "::endgroup::"]


@given(message=st.text(), path=st.text(alphabet="a:,%=\n/"))
def test_an_annotation_is_one_command(message: str, path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    stream = io.StringIO()
    github(stream, tmp_path_factory.getbasetemp()).annotate("error", message, path=path, line=3)
    (command,) = commands(stream)
    properties, _, data = command.removeprefix("::error ").partition("::")
    assert stream.getvalue() == f"{command}\n"
    assert set(properties) <= set("file=,line=3aA%0123456789ABCDEF/")
    assert data.replace("%0A", "\n").replace("%25", "%") or not message


def test_an_annotation_is_escaped_as_github_wants_it(tmp_path: Path) -> None:
    stream = io.StringIO()
    github(stream, tmp_path).annotate("error", "100 %\n::set-env::x, y", path="a,b:c", line=3)
    assert stream.getvalue() == "::error file=a%2Cb%3Ac,line=3::100 %25%0A::set-env::x, y\n"


def test_a_secret_is_masked_line_by_line(tmp_path: Path) -> None:
    stream = io.StringIO()
    github(stream, tmp_path).mask(Secret("one%\n two\n"))
    assert stream.getvalue() == "::add-mask::one%25\n::add-mask::two\n"


def test_groups_fold_once(tmp_path: Path) -> None:
    stream = io.StringIO()
    host = github(stream, tmp_path)
    with host.group("outer"), host.group("inner"):
        host.say("inside")
    assert stream.getvalue() == "::group::outer\ninner\ninside\n::endgroup::\n"


def test_an_output_cannot_end_itself(tmp_path: Path) -> None:
    host = github(io.StringIO(), tmp_path)
    host.output("matrix", 'EOF\nname=value\n{"a": 1}')
    host.output("count", "2")
    assert (tmp_path / "output").read_text() == (
        'matrix<<end_n0nce\nEOF\nname=value\n{"a": 1}\nend_n0nce\ncount<<end_n0nce\n2\nend_n0nce\n'
    )


def test_the_delimiter_of_an_output_is_another_each_time(tmp_path: Path) -> None:
    host = GitHub(io.StringIO(), {"GITHUB_OUTPUT": str(tmp_path / "output")})
    host.output("a", "1")
    host.output("b", "2")
    ends = set(re.findall(r"<<(end_[0-9a-f]{32})\n", (tmp_path / "output").read_text()))
    assert len(ends) == 2


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a\nb", "a<<b"])
def test_an_output_has_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the name of an output"):
        github(io.StringIO(), tmp_path).output(name, "x")


def test_summaries_add_up(tmp_path: Path) -> None:
    host = github(io.StringIO(), tmp_path)
    host.mask(Secret("hunter2"))
    host.summarise("| a |\n")
    host.summarise("b hunter2")
    assert (tmp_path / "summary").read_text() == "| a |\n\nb ***\n\n"


def test_a_summary_stays_below_what_github_shows(tmp_path: Path) -> None:
    host = github(io.StringIO(), tmp_path)
    for _ in range(3):
        host.summarise("é" * 400_000)
    body = (tmp_path / "summary").read_bytes()
    assert 1024 * 1024 - 10 < len(body) <= 1024 * 1024
    assert body.decode().count("cut here") == 1


def test_outside_a_step_there_is_nothing_to_write_to() -> None:
    host = GitHub(io.StringIO(), {})
    host.summarise("text")
    host.output("name", "value")


def test_a_bar_shows_count_and_goes_away(tmp_path: Path) -> None:
    stream = Tty()
    with terminal(stream, tmp_path).progress("uploading", 8, "packages") as more:
        more(3)
    assert "3 of 8 packages" in seen(stream)
    assert stream.getvalue().endswith("uploading: 3 of 8 packages\n")
