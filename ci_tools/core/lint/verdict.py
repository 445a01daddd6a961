"""Every rule asked of one recipe, and what the recipe says of rules that it does not want to be held to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_tools.core.edits import Edit
from ci_tools.core.lint import about, contents, form, ours, promises, requires, secrets, sources
from ci_tools.core.lint.rule import Finding, Level, Rule, Spot, Subject, Waived
from ci_tools.core.written import Field, Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.errors import Problem

SKIPS = ("extra", "channel", "skip-lints")


def _nothing(_subject: Subject) -> tuple[Spot, ...]:
    """What the rules about skips find depends on all others: see `_of_skips`."""
    return ()


NO_REASON = Rule(
    id="skip-without-reason",
    level=Level.ERROR,
    title="a rule is skipped, and not said why",
    why="Whoever reads it in a year does not know whether it still holds.",
    how="`skip-lints: [{id: RULE, reason: one sentence}]`.",
    check=_nothing,
)
UNKNOWN = Rule(
    id="unknown-lint",
    level=Level.ERROR,
    title="a rule is skipped that does not exist",
    why="A typo skips nothing, and looks as if it did.",
    how="`channel lint --rules` lists them.",
    check=_nothing,
)
UNNEEDED = Rule(
    id="unneeded-skip",
    level=Level.WARNING,
    title="a skip that nothing needs",
    why="It would hide the next finding, which has another reason.",
    how="Take the entry out.",
    check=_nothing,
)
OF_SKIPS = (NO_REASON, UNKNOWN, UNNEEDED)
CHECKED = (
    *form.RULES, *promises.RULES, *sources.RULES, *secrets.RULES, *about.RULES, *contents.RULES, *requires.RULES,
    *ours.RULES,
)  # fmt: skip
RULES: Mapping[str, Rule] = {rule.id: rule for rule in (*CHECKED, *OF_SKIPS)}
# Whether these hold depends on the channel and on others: a skip is not unneeded because they could not be asked.
OF_OTHERS = {rule.id for rule in (*promises.RULES, *requires.RULES)}
UNWAIVABLE = {"unreadable", *(rule.id for rule in OF_SKIPS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """One entry of `skip-lints`."""

    id: str
    reason: str
    where: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found in one recipe, in order of lines; `mends` are the edits that mend it, each with its rule."""

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...] = ()
    mends: tuple[tuple[str, Edit], ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All that can be mended."""
        return tuple(edit for _, edit in self.mends)


def verdict(subject: Subject) -> Verdict:
    """Every finding about the recipe, those it skips apart."""
    skips = tuple(_skips(subject.written))
    reasons = {skip.id: skip.reason for skip in skips if skip.reason and skip.id not in UNWAIVABLE}
    spots = list(_spots(subject))
    hit = {rule.id for rule, _ in spots}
    kept = [(rule, spot) for rule, spot in spots if rule.id not in reasons]
    kept += _of_skips(subject, skips, hit)
    found = sorted((_finding(subject, rule, spot) for rule, spot in kept), key=_order)
    waived = (
        Waived(finding=_finding(subject, rule, spot), reason=reasons[rule.id])
        for rule, spot in spots
        if rule.id in reasons
    )
    mends = tuple((rule.id, edit) for rule, spot in kept if rule.fixes for edit in spot.edits)
    return Verdict(findings=tuple(found), waived=tuple(waived), mends=mends)


def _spots(subject: Subject) -> Iterator[tuple[Rule, Spot]]:
    readable = not subject.written.problems
    for rule in CHECKED:
        if readable or rule.of_text:
            yield from ((rule, spot) for spot in rule.check(subject))


def _skips(written: Written) -> Iterator[Skip]:
    """The entries as written: `{id: RULE, reason: …}`, or `RULE: …` in a mapping. A bare text has no reason."""
    for where in (each for each in written.below(*SKIPS) if len(each.path) == len(SKIPS) + 1):
        id_, reason = written.first(*where.path, "id"), written.first(*where.path, "reason")
        if isinstance(where.key, str):
            yield Skip(id=where.key, reason=(where.value or "").strip(), where=where)
        else:
            said = (id_ or where).value or ""
            yield Skip(id=said, reason=((reason.value if reason else "") or "").strip(), where=id_ or where)


def _of_skips(subject: Subject, skips: tuple[Skip, ...], hit: set[str]) -> Iterator[tuple[Rule, Spot]]:
    section = subject.written.first(*SKIPS)
    if section is not None and not skips and subject.written.text[section.start : section.end].strip() != "[]":
        yield NO_REASON, Spot.at(section, "`skip-lints` is a list of entries", "`[{id: RULE, reason: SENTENCE}]`")
    for skip in skips:
        if skip.id not in RULES:
            near = get_close_matches(skip.id, RULES, 1)
            hint = f"did you mean `{near[0]}`?" if near else "`channel lint --rules` lists them"
            yield UNKNOWN, Spot.at(skip.where, f"there is no rule `{skip.id}`", hint)
        elif skip.id in UNWAIVABLE:
            yield UNKNOWN, Spot.at(skip.where, f"`{skip.id}` cannot be skipped", "mend what it says")
        elif not skip.reason:
            yield NO_REASON, Spot.at(skip.where, f"`{skip.id}` is skipped without a reason", "add `reason: …`")
        elif skip.id not in hit and skip.id not in OF_OTHERS and not subject.written.problems:
            yield UNNEEDED, Spot.at(skip.where, f"`{skip.id}` holds: there is nothing to skip", "take the entry out")


def _finding(subject: Subject, rule: Rule, spot: Spot) -> Finding:
    return Finding(
        rule=rule.id,
        level=rule.level,
        recipe=subject.written.recipe.directory,
        path=spot.path or subject.written.recipe.file,
        line=spot.line,
        column=spot.column,
        message=spot.message,
        hint=spot.hint,
        fixable=rule.fixes and bool(spot.edits),
    )


def of_problem(problem: Problem) -> Finding:
    """What is wrong with a folder that is no recipe because of it."""
    rule = RULES["unreadable"]
    return Finding(
        rule=rule.id,
        level=rule.level,
        recipe=problem.path,
        path=problem.path,
        line=problem.line or 1,
        column=problem.column,
        message=problem.message,
        hint=problem.hint,
    )


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.path, finding.line, finding.column, finding.rule, finding.message


def levelled(found: Verdict, levels: Mapping[str, Level | None]) -> Verdict:
    """The same with the levels that channel.yaml sets; None leaves a rule out, and what it would mend."""
    ranked = ((finding, levels.get(finding.rule, finding.level)) for finding in found.findings)
    return replace(
        found,
        findings=tuple(replace(finding, level=level) for finding, level in ranked if level),
        mends=tuple(mend for mend in found.mends if levels.get(mend[0], Level.NOTICE)),
    )
