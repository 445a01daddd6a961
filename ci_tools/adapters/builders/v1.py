"""Recipes of the V1 dialect (CEP 13 and 14), rendered in process by rattler-build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from rattler_build import (
    PlatformConfig,
    RattlerBuildError,
    RenderConfig,
    RenderedVariant,
    SingleOutputRecipe,
    Stage0Recipe,
    VariantConfig,
)

from ci_tools.adapters.builders import v1_errors
from ci_tools.adapters.builders.v1_fields import about, exports, path_sources, programs, specs
from ci_tools.adapters.rendering import naming
from ci_tools.adapters.rendering.reading import text_of, unreadable
from ci_tools.adapters.rendering.variants import platform_of, v1_variants
from ci_tools.core.package import Subdir
from ci_tools.core.recipe import Output, Recipe
from ci_tools.core.variants import candidates
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RECIPE_FILE = "recipe.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An output beside the vendor's own value, which can build it."""

    output: Output
    vendor: RenderedVariant


def rendered(root: Path, recipe: Recipe, subdir: Subdir, variants_file: str = "") -> tuple[Rendered, ...]:
    """The outputs of `recipe` below `root` for a build on `subdir`, each file once, without those that `skip` there.

    `variants_file`, relative to `root`, counts, and over it what core.variants.candidates lists.
    Raises RecipeError with file, line and column. It is not bounded in time: adapters.rendering bounds it.
    """
    present = tuple(path for path in candidates(recipe.directory, variants_file) if (root / path).is_file())
    return _rendered(root, recipe, subdir, present)


def outputs(root: Path, recipe: Recipe, subdir: Subdir, paths: Sequence[str]) -> tuple[Output, ...]:
    """The same without what builds; `paths` are the variants files that count."""
    return tuple(each.output for each in _rendered(root, recipe, subdir, paths))


def _rendered(root: Path, recipe: Recipe, subdir: Subdir, paths: Sequence[str]) -> tuple[Rendered, ...]:
    text, variants = text_of(root, recipe.file), v1_variants(root, paths, subdir)
    try:
        found = _unskipped(Stage0Recipe.from_file(root / recipe.file), variants, platform_of(subdir))
    except RattlerBuildError as exc:
        raise RecipeError(v1_errors.problem(str(exc), path=recipe.file, text=text)) from exc
    except OSError as exc:
        raise RecipeError(unreadable(recipe.file, exc)) from exc
    versions = {v.recipe.package.name: str(v.recipe.package.version) for v in found}
    made = (Rendered(output=_output(recipe, subdir, v, versions), vendor=v) for v in found)
    # an output without variants is rendered once for each variant of its siblings
    return tuple({(r.output.subdir, r.output.filename): r for r in made}.values())


def _unskipped(stage0: Stage0Recipe, variants: VariantConfig, platform: PlatformConfig) -> list[RenderedVariant]:
    found = stage0.render(variants, RenderConfig(platform=platform))
    if not isinstance(stage0, SingleOutputRecipe):
        return found
    return [v for v in found if not _skips(stage0, variants, v, platform)]


def _skips(stage0: Stage0Recipe, variants: VariantConfig, one: RenderedVariant, platform: PlatformConfig) -> bool:
    """Whether `build.skip` holds. py-rattler-build 0.73 applies it to a recipe with `outputs:` alone, so we ask it
    about an empty one with the same context and conditions: what is skipped is not there.
    """
    skip = stage0.build.to_dict().get("skip")
    if not skip:
        return False
    probe = {
        "context": stage0.to_dict().get("context") or {},
        "recipe": {"name": "probe", "version": "0"},
        "build": {"skip": skip},
        "outputs": [{"package": {"name": "probe"}}],
    }
    chosen = {key: [value] for key, value in one.variant.items() if key != "target_platform"}
    empty = Stage0Recipe.from_yaml(json.dumps(probe), recipe_dir=gettempdir())  # it must be there, and is not read
    return not empty.render(variants.merge(VariantConfig(chosen)), RenderConfig(platform=platform))


def _output(recipe: Recipe, subdir: Subdir, variant: RenderedVariant, versions: Mapping[str, str]) -> Output:
    fields = variant.recipe.to_dict()
    known = {**versions} | {n: f"{p.version} {p.build_string or ''}" for n, p in variant.pin_subpackages.items()}
    requirements = fields.get("requirements") or {}
    staged = [cache.get("requirements") or {} for cache in fields.get("staging_caches") or ()]
    build, host, run = (
        tuple(dict.fromkeys(spec for part in (requirements, *staged) for spec in specs(part.get(kind) or [], known)))
        for kind in ("build", "host", "run")
    )
    return Output(
        recipe=recipe,
        filename=naming.filename(
            recipe, variant.recipe.package.name, str(fields["package"]["version"]), fields["build"]["string"]
        ),
        subdir=Subdir.NOARCH if fields["build"].get("noarch") else subdir,
        build_number=fields["build"].get("number", 0),
        build=build,
        host=host,
        run=run,
        test=_tested_with(fields),
        variant=tuple(sorted((key, str(value)) for key, value in variant.variant.items())),
        sources=tuple(dict.fromkeys(path_sources(fields))),
        needs=programs(fields),
        run_exports=exports(requirements.get("run_exports") or {}, known),
        ignores=tuple((requirements.get("ignore_run_exports") or {}).get("by_name") or ()),
        about=about(fields),
    )


def _tested_with(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What the script tests ask for beyond the package itself (CEP 14)."""
    asked = (test.get("requirements") or {} for test in fields.get("tests") or ())
    return tuple(str(spec) for each in asked for kind in ("build", "run") for spec in each.get(kind) or ())
