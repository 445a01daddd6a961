"""A person at a terminal, or the log of whatever reads stderr instead: bars there, a few plain lines here."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from ci_tools.adapters.hosts.words import Masks, Milestones, amount, done_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ci_tools.core.secret import Secret

INDENT = "  "
MINUTE = 60
STYLES = {"error": "bold red", "warning": "bold yellow", "notice": "bold cyan"}


class Terminal:
    """A CodeHost. Whether `stream` is a terminal is asked of the stream; `env` may say NO_COLOR, COLUMNS, TERM."""

    def __init__(self, stream: TextIO, env: Mapping[str, str], *, verbosity: int = 0) -> None:
        self._console = _Console(
            file=stream, _environ=dict(env), highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self._verbosity = verbosity
        self._masks = Masks()
        self._bars = _Bars(self._console)
        self._depth = 0

    def say(self, text: str) -> None:
        self._print(text)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self._print(title, style="bold")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None:
        if self._verbosity < 0 and level != "error":
            return
        where = ":".join(str(part) for part in (path, line) if part)
        told = Text(f"{level}:", STYLES.get(level, ""))
        told.append(self._masks.fit(f" {where}: {message}" if where else f" {message}"), "not bold")
        self._console.print(told)

    def summarise(self, markdown: str) -> None:
        if self._verbosity > 0:
            self._print(markdown.rstrip())

    def output(self, name: str, value: str) -> None:
        if self._verbosity > 0:
            self._print(f"{name}={value}")

    def mask(self, secret: Secret) -> None:
        self._masks.learn(secret)

    @contextmanager
    def progress(self, title: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        if self._verbosity >= 0 and self._console.is_terminal and not self._console.is_dumb_terminal:
            began = time.monotonic()
            with self._bars.bar(self._masks.fit(INDENT * self._depth + title), total, unit) as task:
                yield lambda count: self._bars.advance(task, count)
                done = int(task.completed)
            if done:
                self._print(f"{title}: {done_in(done, total, unit, time.monotonic() - began)}")
        else:
            milestones = Milestones(title, total, unit, self._print)
            yield milestones.more
            milestones.end()

    def _print(self, text: str, style: str = "") -> None:
        if self._verbosity >= 0:
            for line in self._masks.fit(text).splitlines() or [""]:
                self._console.print(Text(f"{INDENT * self._depth}{line}", style))


class _Bars:
    """One live display for all bars that are open; it is there while one is."""

    def __init__(self, console: Console) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24, style="bright_black", complete_style="cyan", finished_style="cyan"),
            _Amount(),
            _Left(),
            console=console,
            transient=True,
        )

    @contextmanager
    def bar(self, title: str, total: int, unit: str) -> Iterator[Task]:
        """A bar while inside."""
        with self._lock:
            self._open += 1
            if self._open == 1:
                self._progress.start()
        number = self._progress.add_task(title, total=total, unit=unit)
        try:
            yield next(task for task in self._progress.tasks if task.id == number)
        finally:
            self._progress.remove_task(number)
            with self._lock:
                self._open -= 1
                if self._open == 0:
                    self._progress.stop()

    def advance(self, task: Task, count: int) -> None:
        """`count` more of `task` are done."""
        self._progress.advance(task.id, count)


class _Amount(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(amount(int(task.completed), int(task.total or 0), task.fields["unit"]))


class _Left(ProgressColumn):
    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        left = round(task.time_remaining or 0)
        minutes = f"{left // 60} min " if left >= MINUTE else ""
        return Text(f"{minutes}{left % 60} s left" if left else "", "bright_black")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Nobody listens any more: no reason to stop in the middle of the work (rich would exit)."""
        self.quiet = True
