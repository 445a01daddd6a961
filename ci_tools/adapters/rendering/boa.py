"""boa's recipes (recipe.yaml with `{{ }}` and `sel(…)`) as outputs, without boa: nothing of the recipe is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering import boa_text, boa_variants, naming, yaml_text
from ci_tools.adapters.rendering.boa_parts import Step, steps
from ci_tools.adapters.rendering.expressions import ConditionError, holds
from ci_tools.adapters.rendering.reading import script_of, text_of
from ci_tools.adapters.rendering.selectors import namespace
from ci_tools.adapters.rendering.templates import is_unknown
from ci_tools.adapters.rendering.v0_build_string import unknown_string
from ci_tools.adapters.rendering.v0_fields import about, path_sources, programs, tested_with
from ci_tools.adapters.rendering.v0_parts import exports, listed
from ci_tools.adapters.rendering.variants import v0_variants
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Output, Recipe
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def rendered(root: Path, recipe: Recipe, machine: Subdir, paths: Sequence[str]) -> tuple[Output, ...]:
    """The outputs for a build on `machine`, each file once; `paths` are the variants files that count.

    RecipeError with file and line. It is not bounded in time.
    """
    text = text_of(root, recipe.file)
    said = yaml_text.texts(text, recipe.file)
    if not isinstance(said, dict):
        hint = "a recipe maps `package:`, `source:`, `build:` and so on"
        raise RecipeError(Problem(message="it is no mapping", hint=hint, path=recipe.file, line=1, column=1))
    filled = boa_text.filled(said, machine, text, recipe.file)
    table = boa_variants.with_defaults(v0_variants(root, paths, machine), machine)
    sheet = _Sheet(root=root, recipe=recipe, machine=machine, text=text)
    pairs = [
        (step, row)
        for step in steps(filled, recipe.file)
        for row in boa_variants.rows_for(step, table)
        if not sheet.skips(step, row)
    ]
    builds = {step.name: boa_variants.build_string(step, row) for step, row in pairs}
    known = {step.name: (step.version, builds[step.name]) for step, _ in pairs}
    found = (sheet.output(step, row, known) for step, row in pairs)
    return tuple({(output.subdir, output.filename): output for output in found}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """One recipe on one machine, as written."""

    root: Path
    recipe: Recipe
    machine: Subdir
    text: str

    def skips(self, step: Step, row: Mapping[str, str]) -> bool:
        """Whether one of the conditions below `build: skip:` holds."""
        names = namespace(self.machine, row)
        for condition in listed(step.build.get("skip")):
            try:
                if condition is True or (isinstance(condition, str) and holds(condition, names)):
                    return True
            except ConditionError as exc:
                hint = "a condition is a Python expression like `linux and python >= 310`"
                problem = self._problem(f"`{condition}` is no condition: {exc}", str(condition), hint)
                raise RecipeError(problem) from exc
        return False

    def _problem(self, message: str, near: str, hint: str) -> Problem:
        line, column = boa_text.place(self.text, near)
        return Problem(message=message, hint=hint, path=self.recipe.file, line=line, column=column)

    def output(self, step: Step, row: Mapping[str, str], known: Mapping[str, tuple[str, str]]) -> Output:
        """The package that one step makes for one row of the variants."""
        string = boa_variants.build_string(step, row)
        certain = not is_unknown(string)
        string = string if certain else unknown_string(step.number, row)
        fields = step.fields
        return Output(
            recipe=self.recipe,
            filename=naming.filename(self.recipe, step.name, step.version, string),
            subdir=Subdir.NOARCH if step.noarch else self.machine,
            build_number=step.number,
            build=tuple(boa_variants.resolved(spec, row, known) for spec in step.specs("build")),
            host=tuple(boa_variants.resolved(spec, row, known) for spec in step.specs("host")),
            run=tuple(boa_variants.resolved(spec, {}, known) for spec in step.specs("run")),
            test=tested_with(fields),
            variant=tuple(sorted(row.items())),
            sources=path_sources(fields),
            needs=programs(fields),
            run_exports=tuple(
                (kind, boa_variants.resolved(spec, {}, known)) for kind, spec in exports(step.build)
            ),
            ignores=tuple(map(str, listed(step.build.get("ignore_run_exports")))),
            certain=certain,
            about=about(fields, self._script),
        )  # fmt: skip

    def _script(self, name: str) -> str:
        return script_of(self.root, f"{self.recipe.directory}/{name}")
