"""Changes of a recipe's text that leave every other byte as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.written import Field, Written

# What YAML takes for text without quotes, and for nothing else: see `_quoted`.
PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+()-]*(?: [A-Za-z0-9_./+()-]+)*")
ONE_NAME = re.compile(r"\$?\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edit:
    """Characters [`start`, `end`) of a file become `text`."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """`text` after all edits, each counted in the characters of `text` itself. Of two that overlap the first counts."""
    parts: list[str] = []
    at = 0
    for edit in sorted(set(edits)):
        if edit.start >= at:
            parts += [text[at : edit.start], edit.text]
            at = edit.end
    return "".join((*parts, text[at:]))


def replacing(written: Written, field: Field, value: str) -> Edit:
    """The edit that makes a scalar say `value`, in the quotes it has; in new ones where it would be misread without."""
    raw = written.text[field.start : field.end]
    quote = raw[0] if raw[:1] in {'"', "'"} else ""
    return Edit(start=field.start, end=field.end, text=f"{quote}{value}{quote}" if quote else _quoted(value))


def quoting(written: Written, field: Field) -> Edit:
    """The edit that puts a plain scalar into quotes."""
    return Edit(start=field.start, end=field.end, text=f'"{written.text[field.start : field.end]}"')


def redefining(written: Written, field: Field, value: str) -> tuple[Edit, ...]:
    """The edits that make `field` come to `value`: of itself, or of what its template takes its value from.

    None where that is not one place that says it.
    """
    said = field.value or ""
    if "{{" not in said:
        return (replacing(written, field, value),)
    found = ONE_NAME.fullmatch(said.strip())
    defined = written.definitions(found[1]) if found else ()
    if len(defined) != 1 or "{{" in (defined[0].value or ""):
        return ()
    return (replacing(written, defined[0], value),)


def _quoted(value: str) -> str:
    return value if PLAIN.fullmatch(value) and not re.fullmatch(r"\d+\.\d*0", value) else f'"{value}"'
