"""The door: parse, wire, call one flow, render, exit."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

import click

from ci_tools.cli import failures
from ci_tools.cli.run import Run
from ci_tools.cli.verbs import CHANNEL
from ci_tools.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# What a verb imports stays: looking through it for garbage again and again is a seventh of its start.
YOUNG = (50_000, 20, 100)


def main() -> None:
    """The command `channel`."""
    gc.set_threshold(*YOUNG)
    sys.exit(answer(sys.argv[1:], os.environ))


def answer(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Carry out one command line; data goes to stdout, everything else to stderr. Returns the exit code."""
    root: click.Context | None = None
    try:
        with CHANNEL.make_context("channel", list(argv), obj=Run(env=env)) as root:
            CHANNEL.invoke(root)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except (KeyboardInterrupt, Exception) as exc:  # noqa: BLE001 (what nobody expected is a bug of ours, said as one)
        return failures.tell(exc, root.obj if root else Run(env=env), argv)
    return ExitCode.DONE
