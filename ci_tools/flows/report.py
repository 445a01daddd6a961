"""Telling what a publish did: the summary of a run, and values for the steps after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.safe_text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.receipt import Refused, RunReport
    from ci_tools.ports import CodeHost


def report(run: RunReport, host: CodeHost) -> None:
    """Summarise the run where the host keeps summaries, and hand on `changed` and `generation`."""
    host.summarise("\n".join(_markdown(run)))
    host.output("changed", str(run.changed).lower())
    if run.receipt:
        host.output("generation", str(run.receipt.generation))


def _markdown(run: RunReport) -> Iterator[str]:
    if run.receipt:
        yield f"### Published generation {run.receipt.generation}\n"
        yield "| package | subdir | bytes | from |"
        yield "|---|---|---:|---|"
        for package in run.receipt.published:
            yield f"| {_cell(package.filename)} | {package.subdir} | {package.size} | {_cell(package.recipe)} |"
    else:
        yield "### Nothing to publish\n"
    if run.refused:
        yield "\n### Not published\n"
        yield "| what | because | what to do |"
        yield "|---|---|---|"
        yield from (_refused(refusal) for refusal in run.refused)


def _refused(refusal: Refused) -> str:
    return f"| {_cell(refusal.what)} | {_cell(refusal.because)} | {_cell(refusal.hint)} |"


def _cell(text: object) -> str:
    """One cell of a table: what a build job wrote must not write the summary."""
    return printable(str(text)).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
