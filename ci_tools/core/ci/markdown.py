"""Text that others chose, made fit for a table that GitHub renders: no markup, no mention, no link, no picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_tools.core.safe_text import masked, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST_CELL = 300
# A word joiner after these keeps GitHub from making a mention, a reference or a link of what comes next.
TRIGGERS = re.compile(r"(@|#|://|\bGH-|www\.)", re.IGNORECASE)
MARKUP = re.compile(r"([\\`*_{}\[\]()<>!|~$&^=+-])")


def cell(text: object, longest: int = LONGEST_CELL) -> str:
    """`text` as plain words of one line, at most `longest` of its characters."""
    line = " ".join(masked(printable(str(text))).split())
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    escaped = MARKUP.sub(r"\\\1", line)
    return TRIGGERS.sub(lambda found: f"{found[0]}⁠", escaped)


def code(text: object, longest: int = LONGEST_CELL) -> str:
    """The same as code: a file name or a version, that keeps its characters."""
    line = " ".join(masked(printable(str(text))).split())[:longest]
    # A code span in a table still ends at `|`, and its content is left alone by GitHub in everything else.
    return "`" + (line.replace("`", "'").replace("|", "¦") or " ") + "`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], most: int = 200) -> Iterator[str]:
    """A table's lines, of `most` rows; nothing where there are none. Cells are finished markdown."""
    shown = list(rows)
    if not shown:
        return
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in shown[:most])
    if len(shown) > most:
        yield f"\n… and {len(shown) - most} more"


def within(text: str, limit: int, note: str) -> str:
    """`text` in at most `limit` characters, cut at a line's end and ended by `note` where it was longer."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(note) - 1]
    return f"{kept[: kept.rfind(chr(10)) + 1] or kept}{note}"
