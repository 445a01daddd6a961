"""`channel doctor`: what this machine can do for the channel."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.doctor_text import diagnosis_text
from ci_tools.core.diagnosis import Diagnosis

if TYPE_CHECKING:
    from ci_tools.cli.run import Run

PROGRAMS = ("git", "cc", "micromamba")  # what the channel, compiled recipes, and the other back ends come from


@click.command("doctor")
@click.pass_obj
def command(run: Run) -> None:
    """Say which back ends this machine has, at which version, and how to get the others."""
    path = run.env.get("PATH")
    found = Diagnosis(
        machine=wiring.machine(),
        backends=wiring.backend_states(run.config, run.env),
        programs=tuple((name, shutil.which(name, path=path) or "") for name in PROGRAMS),
        confines=wiring.confines(),
    )
    run.emit(found, diagnosis_text)
