"""V0 recipes (meta.yaml) as outputs, without conda-build: nothing of the recipe is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering import naming, yaml_text
from ci_tools.adapters.rendering.build_config import Table, rows
from ci_tools.adapters.rendering.reading import script_of, text_of
from ci_tools.adapters.rendering.selectors import namespace, selected
from ci_tools.adapters.rendering.templates import Scene, Templates, is_unknown
from ci_tools.adapters.rendering.used_keys import selecting_in, used_in, used_in_script
from ci_tools.adapters.rendering.v0_build_string import Wording, unknown_string
from ci_tools.adapters.rendering.v0_fields import about, path_sources, programs, tested_with
from ci_tools.adapters.rendering.v0_parts import exports, listed, parts
from ci_tools.adapters.rendering.variants import v0_variants
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Output, Recipe
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_tools.adapters.rendering.v0_parts import Part

# What conda-build builds for where no variants file says it; its Python is whichever it runs in, ours is this one.
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "python": ("3.12",), "numpy": ("1.26",), "perl": ("5.26.2",), "lua": ("5",), "r_base": ("3.5",),
    "cpu_optimization_target": ("nocona",), "cran_mirror": ("https://cran.r-project.org",),
}  # fmt: skip
IGNORED_IN_BUILD = ("python", "numpy")  # a use that only the build section has does not tell builds apart
SCRIPTS = ("build.sh", "bld.bat")


def rendered(root: Path, recipe: Recipe, machine: Subdir, paths: Sequence[str]) -> tuple[Output, ...]:
    """The outputs for a build on `machine`, each file once; `paths` are the variants files that count.

    RecipeError with file and line. It is not bounded in time.
    """
    text = text_of(root, recipe.file)
    table = v0_variants(root, paths, machine)
    table = replace(table, values={**DEFAULTS, **table.values, "target_platform": (str(machine),)})
    sheet = _Sheet(root=root, recipe=recipe, machine=machine, raw=text, table=table, templates=Templates(recipe.file))
    found = (output for row in rows(table, sheet.keys()) for output in sheet.outputs(row))
    return tuple({(output.subdir, output.filename): output for output in found}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """One recipe on one machine, as written."""

    root: Path
    recipe: Recipe
    machine: Subdir
    raw: str
    table: Table
    templates: Templates

    def keys(self) -> frozenset[str]:
        """The variant keys that the recipe uses anywhere, and so is made for each value of."""
        known = self.table.values
        found = used_in(self.raw, known) | selecting_in(self.raw, known)
        for name in SCRIPTS:
            found |= used_in_script(self.script(name), known, is_batch=name.endswith(".bat"))
        return frozenset(found)

    def script(self, name: str) -> str:
        """A file beside the recipe, or nothing."""
        return script_of(self.root, f"{self.recipe.directory}/{name}")

    def outputs(self, row: Mapping[str, str]) -> list[Output]:
        """What the recipe makes for one row of the variants."""
        text = selected(self.raw, namespace(self.machine, row), self.recipe.file)
        words = Wording(
            raw=self.raw, selected=text, variant=row, script=self.script,
            ignore_version=self.table.lists.get("ignore_version", ()),
            ignore_build_only=(*IGNORED_IN_BUILD, *self.table.lists.get("ignore_build_only_deps", ())),
        )  # fmt: skip
        scene = Scene(machine=self.machine, variant=row, own=self.root / self.recipe.directory)
        meta = self._meta(text, scene)
        found = parts(meta, self.recipe.file)
        if "pin_subpackage" in text:  # what it becomes is known once the versions are, and then the build strings
            scene = replace(scene, versions={part.name: part.version for part in found})
            scene = replace(scene, builds={part.name: words.build_string(part, words.used(part)) for part in found})
            meta = self._meta(text, scene)
            found = parts(meta, self.recipe.file)
        return [self._output(part, words, meta) for part in found]

    def _meta(self, text: str, scene: Scene) -> Mapping[str, object]:
        said = yaml_text.texts(self.templates.rendered(text, scene.names()), self.recipe.file)
        if not isinstance(said, dict):
            hint = "a recipe maps `package:`, `source:`, `build:` and so on"
            raise RecipeError(Problem(message="it is no mapping", hint=hint, path=self.recipe.file, line=1, column=1))
        return said

    def _output(self, part: Part, words: Wording, meta: Mapping[str, object]) -> Output:
        used = words.used(part)
        variant = {key: words.variant[key] for key in sorted(used)}
        string = words.build_string(part, used)
        certain = not is_unknown(string)
        string = string if certain else unknown_string(part.number, variant)
        return Output(
            recipe=self.recipe,
            filename=naming.filename(self.recipe, part.name, part.version, string),
            subdir=Subdir.NOARCH if part.noarch else self.machine,
            build_number=part.number,
            build=part.specs("build"),
            host=part.specs("host"),
            run=part.specs("run"),
            test=tested_with(part.fields),
            variant=tuple(variant.items()),
            sources=path_sources(part.fields),
            needs=programs(meta),
            run_exports=tuple(exports(part.build)),
            ignores=tuple(map(str, listed(part.build.get("ignore_run_exports")))),
            certain=certain,
            about=about(part.fields, self.script),
        )
