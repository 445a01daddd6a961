"""The cells of the build matrix as a code host takes them, and what the artifacts are called that travel."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core.recipe import Dialect
from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ci_tools.core.plan import BuildPlan, Job

MOST_CELLS = 256  # of one matrix (GitHub)
LARGEST_OUTPUT = 1_000_000  # of one job, in bytes as UTF-16 (GitHub: 1 MB)
BUILT = re.compile(r"built-(?P<job>[a-z0-9][a-z0-9-]*)\.(?P<attempt>[1-9][0-9]{0,3})")
# Which program builds a dialect, where it is not in our own environment.
ENVIRONMENTS = {Dialect.V0: "conda-build", Dialect.BOA: "boa"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltName:
    """What a cell's artifact is called: unique for each attempt, so that a re-run replaces nothing that passed."""

    job: str
    attempt: int

    def __str__(self) -> str:
        return f"built-{self.job}.{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> BuiltName | None:
        """The name, or None where it is another's."""
        found = BUILT.fullmatch(text)
        return cls(job=found["job"], attempt=int(found["attempt"])) if found else None


def attempt_of(name: str, kind: str) -> int:
    """Which attempt left `<kind>.<attempt>`; 0 where `name` is another's."""
    found = re.fullmatch(rf"{re.escape(kind)}\.([1-9][0-9]{{0,3}})", name)
    return int(found[1]) if found else 0


def matrix(plan: BuildPlan, *, wave: int = 0, without: Collection[str] = ()) -> str:
    """The value of `strategy.matrix`: ids, machines and environments, and nothing that a recipe's author wrote freely.

    Of one wave: a workflow has a level for each. `without` are jobs that need not be built.
    UsageError where GitHub would not take it.
    """
    cells = [_cell(job) for job in plan.jobs if job.wave == wave and job.id not in without]
    if len(cells) > MOST_CELLS:
        hint = "plan fewer at once: `channel plan --subdir`, or push in parts"
        raise UsageError(f"the plan has {len(cells)} jobs, and a matrix takes {MOST_CELLS}", hint=hint)
    text = json.dumps({"include": cells}, separators=(",", ":"), sort_keys=True)
    if 2 * len(text) > LARGEST_OUTPUT:
        raise UsageError("the matrix is longer than a job's output may be", hint="give recipes shorter names")
    return text


def outputs(plan: BuildPlan, *, without: Collection[str] = ()) -> dict[str, str]:
    """What a job hands on of a plan: for each wave whether there is anything to build, and its matrix."""
    found: dict[str, str] = {}
    for wave, (name, cells) in enumerate((("any", "matrix"), ("later", "later_matrix"))):
        left = [job for job in plan.jobs if job.wave == wave and job.id not in without]
        found |= {name: str(bool(left)).lower(), cells: matrix(plan, wave=wave, without=without)}
    return found


def _cell(job: Job) -> dict[str, str]:
    needed = {ENVIRONMENTS[output.dialect] for output in job.outputs if output.dialect in ENVIRONMENTS}
    return {"id": job.id, "runner": job.runner, "environment": ",".join(sorted(needed))}


def newest(names: Iterable[str], plan: BuildPlan) -> tuple[dict[str, str], tuple[str, ...]]:
    """Job -> the artifact of its last attempt; and the artifacts that the plan asked nobody for, sorted."""
    asked = {job.id for job in plan.jobs}
    found: dict[str, BuiltName] = {}
    strays: list[str] = []
    for name in sorted(names):
        parsed = BuiltName.parse(name)
        if parsed is None or parsed.job not in asked:
            strays.append(name)
        elif parsed.job not in found or found[parsed.job].attempt < parsed.attempt:
            found[parsed.job] = parsed
    return {job: str(name) for job, name in sorted(found.items())}, tuple(strays)
