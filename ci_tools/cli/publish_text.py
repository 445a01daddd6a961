"""How a publish looks to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.quantities import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_tools.core.receipt import RunReport


def publish_text(run: RunReport) -> str:
    """What came in, what was there already, and the generation that it made."""
    return "\n".join(_lines(run))


def writes_text(written: Sequence[str]) -> str:
    """What a dry run would have written."""
    return "\n".join(("", f"would write ({len(written)})", *(f"  {key}" for key in written)))


def _lines(run: RunReport) -> Iterator[str]:
    if run.receipt:
        yield f"published generation {run.receipt.generation}"
        for package in run.receipt.published:
            yield f"  {package.subdir}/{package.filename}  {size_text(package.size)}"
    if run.adopted:
        yield f"adopted from a publish that died ({len(run.adopted)}): the rebuilt bytes were dropped"
        yield from (f"  {name}" for name in run.adopted)
    if run.already_there and not run.receipt:
        yield f"already published ({len(run.already_there)})"
    if run.projected and not run.receipt:
        yield "completed what a publish that died had left: the index files are those of the present generation"
    if not run.changed and not run.refused:
        yield "nothing to do"
