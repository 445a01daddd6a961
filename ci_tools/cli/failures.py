"""How a run that could not go on says so: `error:`, `hint:`, an exit code."""

from __future__ import annotations

import os
import select
import sys
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools.core.safe_text import masked, printable
from ci_tools.errors import ChannelError, ExitCode, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ci_tools.cli.run import Run

BROKEN_PIPE = 141  # 128 + SIGPIPE: what a shell reports of any program whose reader has gone


def tell(error: BaseException, run: Run, argv: Sequence[str]) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return ExitCode.USAGE
        case click.ClickException():
            _tell((_usage_problem(error),), run)
            return ExitCode.USAGE
        case ChannelError():
            _tell(error.problems, run)
            return error.exit_code
        case KeyboardInterrupt() | click.Abort():
            click.echo("interrupted", err=True)
            return ExitCode.INTERRUPTED
        case BrokenPipeError() if _reader_is_gone():
            return BROKEN_PIPE
        case _:
            return _bug(error, run, argv)


def _reader_is_gone() -> bool:
    """Whether it is our own stdout that broke, and no pipe or socket that an adapter should have looked after."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if not poll.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at its end
    return True


def _bug(error: BaseException, run: Run, argv: Sequence[str]) -> int:
    from ci_tools.cli.bug_report import write_report

    report = write_report(error, argv)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = f"the report is {report}; it holds versions, the command line and the trace, nothing of the environment"
    _tell((Problem(message=f"a bug in channel: {masked(what)}{_place(error.__traceback__)}", hint=hint),), run)
    return ExitCode.BUG


def _tell(told: Sequence[Problem], run: Run) -> None:
    """A hint that several problems in a row share is said once, after the last of them."""
    told = tuple(_without_secrets(problem) for problem in told)
    if run.env.get("GITHUB_ACTIONS") == "true":
        _tell_github(told, run)
        return
    color = False if run.env.get("NO_COLOR") else None
    for hint, group in groupby(told, key=lambda problem: problem.hint):
        for problem in group:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {printable(str(problem))}", err=True, color=color)
            if run.verbose and problem.detail:
                click.echo(_indented(problem.detail), err=True)
        if hint:
            click.echo(f"{click.style('hint:', fg='cyan', bold=True)} {printable(hint)}", err=True, color=color)


def _without_secrets(problem: Problem) -> Problem:
    """What a person typed or pasted in the wrong place is quoted back, but for what nobody else may see."""
    return replace(problem, message=masked(problem.message), hint=masked(problem.hint))


def _tell_github(told: Sequence[Problem], run: Run) -> None:
    """Beside the lines that are meant, and as a paragraph of the step's summary."""
    for problem in told:
        hint = f"\nhint: {problem.hint}" if problem.hint else ""
        run.host.annotate("error", problem.message + hint, path=problem.path, line=problem.line)
        if run.verbose and problem.detail:
            run.host.say(_indented(problem.detail))
    run.host.summarise("\n\n".join(f"**error:** {each}" + (f"  \n{each.hint}" if each.hint else "") for each in told))


def _indented(detail: str) -> str:
    return "\n".join(f"  | {line}" for line in printable(masked(detail)).splitlines())


def _usage_problem(error: click.ClickException) -> Problem:
    near = getattr(error, "possibilities", None)
    message = error.message if near else error.format_message()
    message = message[:1].lower() + message[1:].rstrip(".").replace("'", "`")
    if near:
        return Problem(message=message, hint=f"did you mean {' or '.join(f'`{name}`' for name in sorted(near))}?")
    context = getattr(error, "ctx", None)
    return Problem(message=message, hint=f"see: {context.command_path if context else 'channel'} --help")


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
