"""How a verification looks to a person."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from ci_tools.core.quantities import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.verification import Finding, VerifyReport


def verify_text(report: VerifyReport) -> str:
    """The findings, each with what to do, and what was looked at."""
    return "\n".join((*_findings(report), *_summary(report)))


def _findings(report: VerifyReport) -> Iterator[str]:
    for hint, group in groupby(report.findings, key=lambda finding: finding.hint):
        yield from (_line(finding) for finding in group)
        yield f"         {hint}"


def _line(finding: Finding) -> str:
    return f"{finding.severity.value:8} {finding.where}: {finding.what}"


def _summary(report: VerifyReport) -> Iterator[str]:
    checked = report.checked
    if report.generation:
        until = f"{report.expires:%Y-%m-%d %H:%M} UTC"
        yield f"{report.source} is at generation {report.generation}, to be renewed by {until}"
        index = f"{counted(checked.documents, 'index document')}, {counted(checked.shards, 'shard')}, "
        yield (
            f"checked  {index if checked.documents else ''}"
            f"{counted(checked.records, 'record')}, {counted(checked.packages, 'package')} "
            f"with attestations ({size_text(checked.bytes)})"
        )
    yield "holds" if report.ok else "does not hold"
