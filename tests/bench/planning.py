"""How long a plan takes: of 640 recipes and of 10,000, from nothing, and after a change of one."""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))  # what tests share

from catalogue import Catalogue, catalogue

from ci_tools.adapters.git import GitRepository
from ci_tools.adapters.rendering.cache import RenderingCache
from ci_tools.adapters.rendering.processes import RenderingProcesses
from ci_tools.core.changes import Everything, Since, Span
from ci_tools.core.package import Subdir
from ci_tools.core.planner import PlanSettings
from ci_tools.flows.plan import Means, plan
from tests.bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.plan import BuildPlan
    from ci_tools.core.recipe import Recipe

SMALL, LARGE = 640, 10_000  # recipes
SETTINGS = PlanSettings(
    channel="https://conda.example/acme", recipes="recipes", variants="recipes/variants.yaml",
    subdirs=(Subdir.NOARCH, Subdir.LINUX_64),
)  # fmt: skip


class _Builder:
    """Who would build anything."""

    version = "none"

    def claims(self, _recipe: Recipe) -> bool:
        return True


def figures() -> Iterator[Figure]:
    """Wall time in this process, with two processes that render, and the memory of all of them."""
    with TemporaryDirectory() as folder:
        yield from _of(catalogue(Path(folder) / "small", SMALL), Path(folder) / "small.sqlite", 3)
        yield from _of(catalogue(Path(folder) / "large", LARGE), Path(folder) / "large.sqlite", 40)
    yield Figure(what="memory of the planning process", value=_mebibytes(resource.RUSAGE_SELF), unit="MiB", most=1024)
    yield Figure(what="memory of the largest that renders", value=_mebibytes(resource.RUSAGE_CHILDREN), unit="MiB")


def _of(made: Catalogue, cache: Path, most: float) -> Iterator[Figure]:
    count = len(made.folders)
    with _clock() as whole:
        found = _plan(made, cache, Everything())
    outputs = f"{len(found.outputs())} outputs in {len(found.jobs)} jobs"
    yield Figure(what=f"{count} recipes from nothing, {outputs}", value=whole(), unit="s", most=most)
    with _clock() as again:
        _plan(made, cache, Everything())
    yield Figure(what=f"{count} recipes again, nothing changed", value=again(), unit="s")
    made.bump(next(reversed(made.folders)))
    made.commit()
    with _clock() as one:
        _plan(made, cache, Since(base="HEAD~1"))
    yield Figure(what=f"{count} recipes, one of them changed", value=one(), unit="s", most=1 if count == SMALL else 0)


def _plan(made: Catalogue, cache: Path, span: Span) -> BuildPlan:
    renderer = RenderingProcesses(root=made.path, env=os.environ, cache=RenderingCache(cache), parallel=2)
    means = Means(repository=GitRepository(made.path, os.environ), renderer=renderer, backends=[_Builder()])
    found = plan(means, {}, SETTINGS, span)
    if found.problems:
        raise SystemExit(f"the catalogue is wrong: {found.problems[0]}")
    return found


@contextmanager
def _clock() -> Iterator[_Seconds]:
    seconds = _Seconds()
    yield seconds
    seconds.stop()


class _Seconds:
    """How long a block took."""

    def __init__(self) -> None:
        self.started, self.taken = time.monotonic(), 0.0

    def stop(self) -> None:
        self.taken = time.monotonic() - self.started

    def __call__(self) -> float:
        return self.taken


def _mebibytes(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
