"""How findings look: lines that editors can jump to, and Markdown for the summary of a run."""

from __future__ import annotations

from collections import Counter
from textwrap import fill
from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.core.lint.rule import Level
from ci_tools.core.quantities import counted
from ci_tools.core.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.lint.rule import Finding, LintReport, Rule

INDENT = "    "
WIDTH = 88


def lint_text(report: LintReport, *, verbose: bool = False) -> str:
    """Each finding with its place, its level and the way out; `verbose` adds what recipes skip, with their reasons."""
    lines = [line for finding in report.findings for line in _lines(finding)]
    if verbose:
        lines += [f"{_place(w.finding)}: skipped: {w.finding.rule}: {w.reason}" for w in report.waived]
    return "\n".join(one_line(line) for line in lines)


def _lines(finding: Finding) -> Iterable[str]:
    yield f"{_place(finding)}: {finding.level}: {finding.message} [{finding.rule}]"
    if finding.hint:
        yield f"{INDENT}{finding.hint}{' (--fix does it)' if finding.fixable else ''}"


def _place(finding: Finding) -> str:
    return ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part)


def annotation(finding: Finding) -> str:
    """What stands beside the line of the file."""
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    return f"{finding.message} [{finding.rule}]{hint}"


def summary(report: LintReport, *, dry_run: bool = False) -> str:
    """What was looked at and what came of it, what could not be asked included."""
    lines = [f"{'would mend' if dry_run else 'mended'} {path}" for path in report.fixed]
    lines += [f"not asked: {each}" for each in report.unasked]
    counts = Counter(finding.level for finding in report.findings)
    found = ", ".join(counted(counts[level], level.value) for level in Level if counts[level]) or "nothing to say"
    skipped = f", {len(report.waived)} skipped with a reason" if report.waived else ""
    fixable = sum(finding.fixable for finding in report.findings)
    way = f"; --fix mends {fixable} of them" if fixable else ""
    return "\n".join([*lines, f"{counted(report.recipes, 'recipe')}: {found}{skipped}{way}"])


def lint_markdown(report: LintReport) -> str:
    """The findings as a table for the summary of a run; empty where there are none."""
    rows = ((f.level.value, code(_place(f)), cell(f.message), f.rule) for f in report.findings)
    lines = list(table(("", "where", "what", "rule"), rows))
    return "\n".join(["### Lint\n", *lines, ""]) if lines else ""


def rules_text(rules: Iterable[Rule]) -> str:
    """A line for each rule; `*` marks those that --fix can mend."""
    known = sorted(rules, key=lambda rule: (list(Level).index(rule.level), rule.id))
    width = max(len(rule.id) for rule in known)
    return "\n".join(f"{rule.level:<7}  {rule.id:<{width}} {'*' if rule.fixes else ' '} {rule.title}" for rule in known)


def explanation(rule: Rule) -> str:
    """All that is said about a rule."""
    paragraphs = (
        f"{rule.id} ({rule.level}): {rule.title}.",
        f"Why: {rule.why}",
        f"How: {rule.how}{' `channel lint --fix` does it.' if rule.fixes else ''}",
        f"Skip: `extra: {{channel: {{skip-lints: [{{id: {rule.id}, reason: one sentence}}]}}}}`",
    )
    return "\n".join(fill(paragraph, WIDTH, subsequent_indent=INDENT) for paragraph in paragraphs)
