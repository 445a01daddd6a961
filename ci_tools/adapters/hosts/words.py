"""What every host does with what it is told: mask it, make it printable, count it, bound it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_tools.core.quantities import size_text
from ci_tools.core.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.core.secret import Secret

STEPS = 10  # plain lines of one progress at most, the last one aside
PAUSE = 10.0  # seconds between two of them at least


@dataclass(slots=True, kw_only=True)
class Masks:
    """The texts that nobody is to see."""

    known: set[str] = field(default_factory=set, repr=False)

    def learn(self, secret: Secret) -> tuple[str, ...]:
        """Mask `secret` from now on, each of its lines; returns those lines."""
        lines = tuple(line.strip() for line in secret.reveal().splitlines() if line.strip())
        self.known.update(lines)
        return lines

    def fit(self, text: str) -> str:
        """`text`, fit to be shown."""
        for known in sorted(self.known, key=len, reverse=True):
            text = text.replace(known, "***")
        return printable(text)


def amount(done: int, total: int, unit: str) -> str:
    """`3 of 8 packages`, `1.2 of 5.4 MB`, `1 package`."""
    if unit == "B":
        return size_text(total) if done == total else f"{size_text(done)} of {size_text(total)}"
    noun = unit.removesuffix("s") if total == 1 else unit
    return f"{total} {noun}" if done == total else f"{done} of {total} {noun}"


def done_in(done: int, total: int, unit: str, seconds: float) -> str:
    """`8 packages in 12 s`; below a second the time says nothing."""
    took = f" in {lasted(seconds)}" if seconds >= 1 else ""
    return f"{amount(done, max(total, done), unit)}{took}"


def lasted(seconds: float) -> str:
    """`1.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:  # noqa: PLR2004 (below, a digit more says something)
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class Milestones:
    """Progress as a few lines: at most one for each tenth, and none sooner than PAUSE after the one before."""

    def __init__(self, title: str, total: int, unit: str, say: Callable[[str], None]) -> None:
        self._title, self._total, self._unit, self._say = title, total, unit, say
        self._lock = threading.Lock()
        self._done, self._step = 0, 0
        self._began = self._said = time.monotonic()

    def more(self, count: int) -> None:
        """So many more are done; from any thread."""
        with self._lock:
            self._done += count
            step = self._done * STEPS // self._total if self._total else STEPS
            if self._step < step < STEPS and time.monotonic() - self._said >= PAUSE:
                self._step, self._said = step, time.monotonic()
                left = (self._said - self._began) * (self._total - self._done) / self._done
                self._say(f"{self._title}: {amount(self._done, self._total, self._unit)}, {lasted(left)} left")

    def end(self) -> None:
        """The last line, where there was something to do."""
        if self._done:
            told = done_in(self._done, self._total, self._unit, time.monotonic() - self._began)
            self._say(f"{self._title}: {told}")
