"""`channel ci check`: our own rules for the workflow files of a channel repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools.errors import DifferenceError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.cli.run import Run
    from ci_tools.core.ci.workflow_file import WorkflowFile
    from ci_tools.core.ci.workflow_rules import House


@click.command("check")
@click.option("--adopt", is_flag=True, help="Bring the table of pins after the workflows that Dependabot raised")
@click.pass_obj
def check(run: Run, *, adopt: bool) -> None:
    """Hold .github/workflows and .github/actions to the rules of the house; exit 8 lists what breaks them.

    Pins equal .github/pins.yaml, steps are one line, jobs have limits, rights have reasons, secrets have environments.
    """
    from ci_tools.adapters.workflow_files import read_pins, workflow_files

    files = workflow_files(run.root)
    pins = read_pins(run.root)
    if adopt:
        pins = _adopted(run, files, pins)
    problems = tuple(_problems(files, _house(run.root, pins)))
    if problems:
        raise DifferenceError(*problems)
    run.host.say(f"{len(files)} files keep the rules")


def _house(root: Path, pins: dict[str, tuple[str, str]]) -> House:
    from ci_tools.config.values import RUNNERS
    from ci_tools.core.ci.workflow_rules import House

    actions = {path.parent.relative_to(root).as_posix() for path in root.glob(".github/actions/**/action.yml")}
    workflows = {path.relative_to(root).as_posix() for path in root.glob(".github/workflows/*.yml")}
    return House(pins=pins, local=frozenset(actions | workflows), runners=frozenset(RUNNERS.values()))


def _problems(files: tuple[WorkflowFile, ...], house: House) -> Iterator[Problem]:
    from ci_tools.core.ci.workflow_rules import RULES

    for file in files:
        for name, rule in RULES.items():
            for found in rule(file, house):
                message, line = f"{found.message} [{name}]", file.line(found.where).number
                yield Problem(message=message, hint=found.hint, path=file.path, line=line)


def _adopted(
    run: Run, files: tuple[WorkflowFile, ...], pins: dict[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:  # fmt: skip
    """The table with what every workflow now says of an action, where they agree."""
    from ci_tools.adapters.workflow_files import PINS
    from ci_tools.core.ci.pins import adopted, pins_text

    new = adopted(pins, files)
    if new == pins:
        run.host.say(f"{PINS} has nothing to adopt")
    elif run.dry_run:
        run.host.say(f"would write {PINS}")
    else:
        path = run.root / PINS
        path.write_text(pins_text(new, path.read_text(encoding="utf-8")), encoding="utf-8")
        run.host.say(f"wrote {PINS}: look at the difference before it is committed")
    return new
