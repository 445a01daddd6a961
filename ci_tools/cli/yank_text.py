"""How yanks look to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.curation import Yank
from ci_tools.flows.yank import NEXT

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Yanked:
    """What was written into the file, and what was taken out."""

    yanked: tuple[Yank, ...] = ()
    unyanked: tuple[Yank, ...] = ()
    dry_run: bool = False


def yanked_text(done: Yanked) -> str:
    """The packages, and when it takes effect."""
    return "\n".join(_lines(done))


def _lines(done: Yanked) -> Iterator[str]:
    would = "would be " if done.dry_run else ""
    for each in done.yanked:
        until = f", until {each.until:%Y-%m-%d %H:%M} UTC" if each.until else ""
        yield f"{would}yanked    {each.key}: {each.reason}{until}"
    yield from (f"{would}unyanked  {each.key}" for each in done.unyanked)
    yield f"commit .github/yanked.yaml; {NEXT}"
