"""Recipes in a folder, rendered as the processes do it that plans start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering.worker import rendering_of
from ci_tools.core.assignments import Assignment
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Dialect, Output, Recipe

if TYPE_CHECKING:
    from ci_tools.core.recipe import Rendering

LINUX = Subdir.LINUX_64


@dataclass(frozen=True, slots=True)
class Kitchen:
    """Recipes of one dialect in `root`; the variants files that lie there count."""

    root: Path
    dialect: Dialect

    def write(self, path: str, content: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def asked(self, name: str = "a", machine: Subdir = LINUX) -> Assignment:
        directory = f"recipes/{name}"
        recipe = Recipe(
            name=name, directory=directory, file=f"{directory}/{self.dialect.filename}", dialect=self.dialect
        )
        files = ("variants.yaml", "conda_build_config.yaml", f"{directory}/variants.yaml")
        return Assignment(recipe=recipe, machine=machine, variants=tuple(f for f in files if (self.root / f).exists()))

    def rendering(self, text: str | bytes = "", machine: Subdir = LINUX, name: str = "a") -> Rendering:
        """What the recipe makes; without a text, as it lies there."""
        if text:
            self.write(f"recipes/{name}/{self.dialect.filename}", text)
        return rendering_of(self.root, self.asked(name, machine))

    def outputs(self, text: str, machine: Subdir = LINUX) -> tuple[Output, ...]:
        found = self.rendering(text, machine)
        assert found.problems == ()
        return found.outputs

    def output(self, text: str, machine: Subdir = LINUX) -> Output:
        (found,) = self.outputs(text, machine)
        return found

    def problem(self, text: str | bytes = "", machine: Subdir = LINUX) -> str:
        """The one problem, as it is told; it has a hint."""
        found = self.rendering(text, machine)
        assert found.outputs == ()
        (problem,) = found.problems
        assert problem.hint
        return str(problem)


def builds(outputs: tuple[Output, ...]) -> list[str]:
    return [f"{o.filename.dist.name} {o.filename.dist.build}" for o in outputs]
