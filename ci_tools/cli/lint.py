"""`channel lint`: what is wrong with recipes, before anything is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.lint_text import annotation, explanation, lint_markdown, lint_text, rules_text, summary
from ci_tools.cli.reading import channel_token
from ci_tools.core.changes import Everything, Since, Span
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.keyset import PublicName
from ci_tools.core.lint.rule import Level
from ci_tools.core.lint.verdict import RULES
from ci_tools.core.lint.well_known import WELL_KNOWN
from ci_tools.core.package import Subdir
from ci_tools.core.planner import PlanSettings
from ci_tools.errors import RecipeError, RemoteError, StoreError, UsageError
from ci_tools.flows.lint import Desk, lint
from ci_tools.flows.published import published
from ci_tools.flows.upstream import upstream

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.lint.rule import LintReport, Rule, Upstream

Held = Mapping[Subdir, Sequence[PublishedOutput]]


@click.command("lint")
@click.argument("recipes", metavar="[RECIPE]…", nargs=-1)
@click.option("--base", metavar="REF", help="Only what changed since this branch or commit and HEAD parted")
@click.option("--fix", is_flag=True, help="Mend what can be mended by itself, and report what is left")
@click.option("--offline", is_flag=True, help="Ask neither the channel nor upstream, and say what that leaves out")
@click.option("--rules", is_flag=True, help="List the rules")
@click.option("--explain", "rule", metavar="RULE", help="Say why there is a rule, and how to hold to it")
@click.pass_obj
def command(
    run: Run, *, recipes: tuple[str, ...], base: str | None, fix: bool, offline: bool, rules: bool, rule: str | None
) -> None:
    """Look for what is wrong with recipes: all of them, or those named by name, folder or file.

    Exit code 3 where an error is found; warnings and notices are only said. A recipe skips a rule with a reason:
    `extra: {channel: {skip-lints: [{id: RULE, reason: SENTENCE}]}}`.
    """
    if rule:
        click.echo(explanation(_rule(rule)))
    elif rules:
        click.echo(rules_text(RULES.values()))
    else:
        unasked = ["the channel and upstream (--offline)"] if offline else []
        held = None if offline else _held(run, unasked)
        span = Since(base=base) if base else Everything()
        look(run, desk_of(run, held, unasked, names=recipes, span=span, offline=offline), mend=fix)


def look(run: Run, desk: Desk, *, mend: bool = False) -> None:
    """Say what lint finds, on stdout or beside the lines of a code host; RecipeError where there is an error."""
    report = lint(desk, mend=mend)
    _tell(run, report)
    run.emit(report, lambda found: "" if _is_annotated(run) else lint_text(found, verbose=run.verbose))
    run.host.say(summary(report, dry_run=run.dry_run))
    _require_no_error(report)


def _rule(id_: str) -> Rule:
    if id_ not in RULES:
        near = get_close_matches(id_, RULES, 1)
        hint = f"did you mean `{near[0]}`?" if near else "channel lint --rules lists them"
        raise UsageError(f"there is no rule `{id_}`", hint=hint)
    return RULES[id_]


def desk_of(
    run: Run,
    held: Held | None,
    unasked: list[str],
    *,
    names: tuple[str, ...] = (),
    span: Span | None = None,
    offline: bool = False,
) -> Desk:
    """What lint works with. `held` is what is published, None where that is not known; then `unasked` says why."""
    config = run.config
    return Desk(
        repository=wiring.repository(config.folder, run.env, dry_run=run.dry_run),
        renderer=wiring.renderer(config, run.env),
        read=wiring.read_recipe,
        settings=PlanSettings(
            channel=config.base_url,
            recipes=config.recipes.path,
            variants=config.recipes.variants,
            subdirs=config.subdirs,
            has=lambda _, program: wiring.has_program(program),
        ),
        published=held,
        upstream=WELL_KNOWN if offline else _upstream(run, unasked),
        levels=_levels(config.lint),
        names=names,
        span=span or Everything(),
        unasked=tuple(unasked),
    )


def _levels(said: Mapping[str, str]) -> Mapping[str, Level | None]:
    """What channel.yaml says of rules; None turns one off."""
    for rule in said:
        _rule(rule)
    return {rule: None if level == "off" else Level(level) for rule, level in said.items()}


def _held(run: Run, unasked: list[str]) -> Held | None:
    """What is published, None where the channel does not answer: lint is for a laptop on a train as well."""
    root = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    try:
        (opened,) = wiring.readable_stores(run.config, channel_token(run))
        return published(opened(), root, run.config.subdirs, run.now()).outputs
    except (StoreError, RemoteError) as exc:
        unasked.append(f"the channel, so nothing is known of what is published: {exc}")
        return None


def _upstream(run: Run, unasked: list[str]) -> Upstream:
    """The names that upstream has; those that everybody knows where one of them is no URL, or does not answer."""
    places = run.config.recipes.upstream
    if named := [place for place in places if "/" not in place]:
        unasked.append(f"upstream: `{named[0]}` is a name and no URL, so only well-known names are compared")
    if not places or named:
        return WELL_KNOWN
    try:
        return upstream([wiring.source(place) for place in places], run.config.subdirs)
    except (StoreError, RemoteError) as exc:
        unasked.append(f"upstream, so only well-known names are compared: {exc}")
        return WELL_KNOWN


def _is_annotated(run: Run) -> bool:
    return run.env.get("GITHUB_ACTIONS") == "true"


def _tell(run: Run, report: LintReport) -> None:
    """On a code host: beside the lines that are meant, and in the summary."""
    if _is_annotated(run):
        for finding in report.findings:
            run.host.annotate(finding.level, annotation(finding), path=finding.path, line=finding.line)
        if table := lint_markdown(report):
            run.host.summarise(table)


def _require_no_error(report: LintReport) -> None:
    errors = sum(finding.level is Level.ERROR for finding in report.findings)
    if errors:
        message = f"lint found {errors} error{'' if errors == 1 else 's'}"
        raise RecipeError(message, hint="channel lint --explain RULE says why there is a rule, and how to hold to it")
