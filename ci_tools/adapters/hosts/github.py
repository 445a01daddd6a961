"""A run of GitHub Actions: workflow commands on stderr, which the runner reads as it reads stdout, and its files."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ci_tools.adapters.hosts.words import Masks, Milestones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_tools.core.secret import Secret

LARGEST_SUMMARY = 1024 * 1024  # bytes a step; a longer one is dropped whole by GitHub
CUT = "\n\n*(cut here: GitHub shows 1 MiB of a summary)*\n"


class GitHub:
    """A CodeHost. `env` is the step's environment; a file that it does not name is not written."""

    def __init__(
        self, stream: TextIO, env: Mapping[str, str], *, verbosity: int = 0, nonce: Callable[[], str] | None = None
    ) -> None:
        self._stream, self._verbosity = stream, verbosity
        self._summary, self._output = env.get("GITHUB_STEP_SUMMARY", ""), env.get("GITHUB_OUTPUT", "")
        self._nonce = nonce or (lambda: secrets.token_hex(16))
        self._masks = Masks()
        self._depth = 0

    def say(self, text: str) -> None:
        if self._verbosity >= 0:
            for line in self._masks.fit(text).splitlines() or [""]:
                self._write(_no_command(line))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        folds = self._depth == 0 and self._verbosity >= 0  # GitHub folds one level
        if folds:
            self._write(f"::group::{_data(self._masks.fit(title))}")
        else:
            self.say(title)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if folds:
                self._write("::endgroup::")

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None:
        if self._verbosity < 0 and level != "error":
            return
        known = {"file": self._masks.fit(path), "line": str(line or "")}
        where = ",".join(f"{name}={_property(value)}" for name, value in known.items() if value)
        self._write(f"::{level}{' ' if where else ''}{where}::{_data(self._masks.fit(message))}")

    def summarise(self, markdown: str) -> None:
        if not self._summary:
            return
        path = Path(self._summary)
        room = LARGEST_SUMMARY - (path.stat().st_size if path.exists() else 0) - len(CUT)
        body = f"{self._masks.fit(markdown).rstrip()}\n\n".encode("utf-8", "replace")
        if len(body) > room > 0:
            body = body[:room].decode("utf-8", "ignore").encode() + CUT.encode()
        if room > 0:
            with path.open("ab") as file:
                file.write(body)

    def output(self, name: str, value: str) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name):
            raise ValueError(f"not the name of an output: {name!r}")
        if self._output:
            end = f"end_{self._nonce()}"  # nobody who can choose the value can guess it
            with Path(self._output).open("a", encoding="utf-8", newline="") as file:
                file.write(f"{name}<<{end}\n{value}\n{end}\n")

    def mask(self, secret: Secret) -> None:
        for line in self._masks.learn(secret):
            self._write(f"::add-mask::{_data(line)}")

    @contextmanager
    def progress(self, title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        milestones = Milestones(title, total, unit, self.say)
        yield milestones.more
        milestones.end()

    def _write(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except BrokenPipeError:
            return  # nobody listens any more: no reason to stop in the middle of the work


def _data(text: str) -> str:
    """As @actions/core escapes the message of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As @actions/core escapes a property of a command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _no_command(line: str) -> str:
    """A line that the runner takes for no command: it looks for a leading `::`, and for `##[` anywhere."""
    return re.sub(r"^(\s*):(?=:)", r"\1: ", line).replace("##[", "## [")
