"""Whether a package that was made is the one that was planned, where the plan could not know its whole name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.core.package import Filename
    from ci_tools.core.plan import Built, PlannedOutput

# What stands for a build string that only the back end can know (core/recipe.py, Output.certain).
UNKNOWN = re.compile(r"unknown[0-9a-f]*_[0-9]+")


def is_open(filename: Filename) -> bool:
    """Whether the planned name leaves its build string to the back end."""
    return UNKNOWN.fullmatch(filename.dist.build) is not None


def is_what_was_asked(output: PlannedOutput, built: Built) -> bool:
    """Whether what a job says it built is the planned output, from the planned inputs."""
    return built.subdir == output.subdir and built.input_hash == output.input_hash and fits(output, built.filename)


def fits(output: PlannedOutput, made: Filename) -> bool:
    """Whether `made` is the planned file: all of its name, or name, version and build number where that is open."""
    if not is_open(output.filename):
        return made == output.filename
    planned, dist = output.filename.dist, made.dist
    number = re.search(r"(?:^|_)([0-9]+)$", dist.build)
    return (
        made.format == output.filename.format
        and (dist.name, dist.version) == (planned.name, planned.version)
        and number is not None
        and int(number[1]) == output.build_number
    )
