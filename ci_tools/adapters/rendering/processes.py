"""Renders recipes in processes of their own: in parallel, each recipe bounded in time, and none twice."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rattler_build import rattler_build_version

from ci_tools.adapters import process
from ci_tools.adapters.rendering import wire
from ci_tools.adapters.rendering.cache import RenderingCache
from ci_tools.core.recipe import Rendering
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from ci_tools.core.assignments import Assignment
    from ci_tools.core.package import Subdir
    from ci_tools.core.variants import VariantTable

WORKER = "ci_tools.adapters.rendering.worker"
PATIENCE = 20.0  # seconds for one recipe on one machine; the slowest that people wrote takes 0.3
WORTH_A_PROCESS = 40  # recipes: below that, a second process starts for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingProcesses:
    """Renders recipes of the repository at `root`. `env` is our environment, of which processes get next to nothing."""

    root: Path
    env: Mapping[str, str] = field(repr=False)
    cache: RenderingCache | None = None
    patience: float = PATIENCE
    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)

    def render(self, assignments: Sequence[Assignment]) -> tuple[Rendering, ...]:
        keys = [_key(assignment) for assignment in assignments]
        found = self._remembered(assignments, keys)
        missing = [at for at, rendering in enumerate(found) if rendering is None]
        fresh = dict(zip(missing, self._rendered([assignments[at] for at in missing]), strict=True))
        if self.cache:
            self.cache.keep({keys[at]: wire.written(one) for at, one in fresh.items() if keys[at] and _lasts(one)})
        return tuple(rendering or fresh[at] for at, rendering in enumerate(found))

    def _remembered(self, assignments: Sequence[Assignment], keys: Sequence[str]) -> list[Rendering | None]:
        lines = self.cache.lines([key for key in keys if key]) if self.cache else {}
        return [
            found
            if (line := lines.get(key)) and (found := wire.read(Rendering, line)) and found.recipe == asked.recipe
            else None
            for asked, key in zip(assignments, keys, strict=True)
        ]

    def _rendered(self, assignments: Sequence[Assignment]) -> Sequence[Rendering]:
        count = max(1, min(self.parallel, len(assignments) // WORTH_A_PROCESS))
        if count == 1:
            return self._one_after_another(assignments)
        shares = [assignments[at::count] for at in range(count)]
        with ThreadPoolExecutor(count) as threads:
            answers = list(threads.map(self._one_after_another, shares))
        found: list[Rendering] = [answers[at % len(shares)][at // len(shares)] for at in range(len(assignments))]
        return found

    def _one_after_another(self, assignments: Sequence[Assignment]) -> Sequence[Rendering]:
        found: list[Rendering] = []
        with TemporaryDirectory(prefix="channel-") as folder:
            while len(found) < len(assignments):
                left = assignments[len(found) :]
                because = "it ends the process that renders it: it wants too much memory, or is malformed"
                before = len(found)
                try:
                    found.extend(self._answers(left, Path(folder)))
                except TimeoutError:
                    because = f"it takes longer than {self.patience:g} s to render"
                if len(found) < len(assignments):
                    found.append(_given_up(left[len(found) - before], because))
        return found

    def tables(self, texts: Sequence[tuple[str, bytes]], machines: Sequence[Subdir]) -> Sequence[VariantTable]:
        with TemporaryDirectory(prefix="channel-") as folder:
            root = Path(folder) / "root"
            for path, body in texts:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(body)
            paths = tuple(path for path, _ in texts)
            request = wire.TablesRequest(root=str(root), paths=paths, machines=tuple(machines))
            try:
                lines = list(self._lines(request, Path(folder)))
            except TimeoutError:
                lines = []
        found = wire.read(wire.Tables, lines[0]) if lines else None
        if found is None or found.problems:
            hint = "mend the file; the recipes that it is for are compared with its values"
            unread = Problem(message="its values cannot be told", hint=hint, path=paths[-1] if paths else "")
            raise RecipeError(*(found.problems if found else (unread,)))
        return found.tables

    def _answers(self, assignments: Sequence[Assignment], folder: Path) -> Iterator[Rendering]:
        """What one process answers until it ends or says nonsense. TimeoutError where it falls silent."""
        request = wire.Request(root=str(self.root), assignments=tuple(assignments))
        for line in self._lines(request, folder):
            rendering = wire.read(Rendering, line)
            if rendering is None:
                return
            yield rendering

    def _lines(self, request: wire.Request | wire.TablesRequest, folder: Path) -> Iterator[bytes]:
        asked = folder / "request.json"
        asked.write_bytes(wire.written(request))
        argv = (sys.executable, "-I", "-X", "utf8", "-m", WORKER, type(request).__name__, str(asked))
        env = process.narrowed(self.env) | {"HOME": str(folder), "TMPDIR": str(folder)}
        command = process.Command(argv=argv, cwd=folder, env=env, timeout=self.patience)
        return process.answers(command, patience=self.patience)


def _given_up(assignment: Assignment, because: str) -> Rendering:
    hint = "look for a loop that does not end, or for a value that grows without bound"
    problem = Problem(message=because, hint=hint, path=assignment.recipe.file)
    return Rendering(recipe=assignment.recipe, machine=assignment.machine, problems=(problem,))


def _lasts(rendering: Rendering) -> bool:
    """Whether it would come out so again: what took too long may be the machine's fault."""
    return not rendering.problems


def _key(assignment: Assignment) -> str:
    """What a rendering is kept under: all that it depends on, our own code too; empty where that cannot be told."""
    if not assignment.digest or assignment.doubt:
        return ""
    return hashlib.sha256(f"{_own_code()} {assignment.digest}".encode()).hexdigest()


@cache
def _own_code() -> str:
    """A digest of everything that decides how recipes are rendered."""
    digest = hashlib.sha256(rattler_build_version().encode())
    package = Path(__file__).parents[2]
    for room in ("adapters/rendering", "adapters/builders", "core"):
        for module in sorted((package / room).glob("*.py")):
            digest.update(module.read_bytes())
    return digest.hexdigest()
