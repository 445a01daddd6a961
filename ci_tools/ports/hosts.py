"""Who is told how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ci_tools.core.secret import Secret


class CodeHost(Protocol):
    """Who is told how it goes: a terminal, or a run on a code host. Narration only; data goes to stdout."""

    def say(self, text: str) -> None:
        """One line of narration."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """What is said inside belongs together."""

    def annotate(self, level: str, message: str, *, path: str = "", line: int = 0) -> None:
        """Put `message` beside a line of a file; `level` is notice, warning or error."""

    def summarise(self, markdown: str) -> None:
        """Add to the run's summary."""

    def output(self, name: str, value: str) -> None:
        """Hand a value to the steps that come after."""

    def mask(self, secret: Secret) -> None:
        """Never show this text, whoever prints it."""

    def progress(self, title: str, total: int, unit: str) -> AbstractContextManager[Callable[[int], None]]:
        """A bar of `total` units (`B` for bytes, else a noun); call the value with how many more are done."""
