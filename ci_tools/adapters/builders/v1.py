"""Recipes of the V1 dialect (CEP 13 and 14), rendered in process by rattler-build."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from rattler_build import (
    JinjaConfig,
    PlatformConfig,
    RattlerBuildError,
    RenderConfig,
    RenderedVariant,
    SingleOutputRecipe,
    Stage0Recipe,
    VariantConfig,
    VariantError,
)

from ci_tools.adapters.builders import v1_errors
from ci_tools.core.package import Dist, Filename, Subdir
from ci_tools.core.recipe import Output, Recipe
from ci_tools.errors import PackageError, Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RECIPE_FILE = "recipe.yaml"
VARIANTS_FILE = "variants.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """An output beside the vendor's own value, which can build it."""

    output: Output
    vendor: RenderedVariant


def rendered(root: Path, recipe: Recipe, subdir: Subdir, variants_file: str = "") -> tuple[Rendered, ...]:
    """The outputs of `recipe` below `root` for a build on `subdir`, each file once, without those that `skip` there.

    `variants_file`, relative to `root`, counts, and over it every variants.yaml from the root down to the recipe, the
    nearer one over the farther one.
    Raises RecipeError with file, line and column. The call is in process and not bounded in time: what bounds it
    one day starts here, for these arguments and what is returned are values but for `vendor`.
    """
    platform = PlatformConfig(target_platform=subdir, build_platform=subdir, host_platform=subdir)
    variants = _variants(root, recipe, platform, variants_file)
    file = root / recipe.file
    try:
        stage0 = Stage0Recipe.from_file(file)
        found = _unskipped(stage0, variants, platform)
    except RattlerBuildError as exc:
        raise RecipeError(v1_errors.problem(str(exc), path=recipe.file, text=_text(file))) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise RecipeError(_unreadable(recipe, exc)) from exc
    versions = {v.recipe.package.name: str(v.recipe.package.version) for v in found}
    outputs = (Rendered(output=_output(recipe, subdir, v, versions), vendor=v) for v in found)
    # an output without variants is rendered once for each variant of its siblings
    return tuple({(r.output.subdir, r.output.filename): r for r in outputs}.values())


def _unreadable(recipe: Recipe, exc: Exception) -> Problem:
    if isinstance(exc, FileNotFoundError):
        return Problem(message="there is no recipe", hint="was it moved since the plan was made?", path=recipe.file)
    return Problem(
        message="the recipe cannot be read", hint="a recipe is UTF-8 text", path=recipe.file, detail=str(exc)
    )


def _variants(root: Path, recipe: Recipe, platform: PlatformConfig, first: str) -> VariantConfig:
    folders = [root, *(root / f for f in reversed(Path(recipe.directory).parents[:-1])), root / recipe.directory]
    named = [root / first, *(folder / VARIANTS_FILE for folder in folders)]
    files: list[str | Path] = [file for file in dict.fromkeys(named) if file.is_file()]
    if not files:
        return VariantConfig()
    try:
        return VariantConfig.from_files_with_context(files, JinjaConfig(platform=platform))
    except VariantError as exc:
        raise RecipeError(v1_errors.variants_problem(str(exc), root=root)) from exc


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
    with TemporaryDirectory(prefix="channel-") as folder:
        empty = Stage0Recipe.from_yaml(json.dumps(probe), recipe_dir=folder)
        return not empty.render(variants.merge(VariantConfig(chosen)), RenderConfig(platform=platform))


def _output(recipe: Recipe, subdir: Subdir, variant: RenderedVariant, versions: Mapping[str, str]) -> Output:
    fields = variant.recipe.to_dict()
    requirements = fields.get("requirements") or {}
    known = {**versions} | {n: f"{p.version} {p.build_string or ''}" for n, p in variant.pin_subpackages.items()}
    build, host, run = (_specs(requirements.get(kind) or [], known) for kind in ("build", "host", "run"))
    return Output(
        recipe=recipe,
        filename=_filename(recipe, variant),
        subdir=Subdir.NOARCH if fields["build"].get("noarch") else subdir,
        build_number=fields["build"].get("number", 0),
        build=build,
        host=host,
        run=run,
        test=_tested_with(fields),
        variant=tuple(sorted((key, str(value)) for key, value in variant.variant.items())),
        sources=tuple(dict.fromkeys(_path_sources(fields))),
        needs=_needs(fields),
    )


def _filename(recipe: Recipe, variant: RenderedVariant) -> Filename:
    package, build = variant.recipe.package, variant.recipe.to_dict()["build"]["string"]
    try:
        return Filename(dist=Dist(name=package.name, version=str(package.version), build=build))
    except PackageError as exc:
        raise RecipeError(*(Problem(message=p.message, hint=p.hint, path=recipe.file) for p in exc.problems)) from exc


def _specs(requirements: Sequence[Any], versions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(r if isinstance(r, str) else _pinned(r, versions) for r in requirements)


def _pinned(pin: Mapping[str, Any], versions: Mapping[str, str]) -> str:
    """The spec of a pin on a sibling; only the name where its version is not known before the build."""
    ((_, fields),) = pin.items()
    name, known = fields["name"], versions.get(fields["name"])
    if known is None:
        return str(name)
    if fields.get("exact"):
        return f"{name} =={known}".strip()
    version, _, _ = known.partition(" ")
    bounds = [f">={version}"] if fields.get("lower_bound") else []
    if upper := _bumped(version, fields.get("upper_bound") or ""):
        bounds.append(f"<{upper}")
    return f"{name} {','.join(bounds)}".strip()


def _bumped(version: str, bound: str) -> str:
    """`2.0a0` for 1.4.2 and the bound `x`; a bound that is a version is itself."""
    if "x" not in bound:
        return bound
    parts = version.split(".")[: bound.count("x")]
    return ".".join([*parts[:-1], str(int(parts[-1]) + 1), "0a0"]) if parts[-1].isdecimal() else ""


def _tested_with(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What the script tests ask for beyond the package itself (CEP 14)."""
    asked = (test.get("requirements") or {} for test in fields.get("tests") or ())
    return tuple(str(spec) for each in asked for kind in ("build", "run") for spec in each.get(kind) or ())


def _path_sources(fields: Mapping[str, Any]) -> Iterator[str]:
    for part in (fields, *(fields.get("staging_caches") or ())):
        yield from (source["path"] for source in part.get("source") or () if "path" in source)


def _needs(fields: Mapping[str, Any]) -> tuple[str, ...]:
    channel = (fields.get("extra") or {}).get("channel") or {}
    needs = channel.get("needs", []) if isinstance(channel, dict) else []
    return tuple(map(str, needs)) if isinstance(needs, list) else (str(needs),)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
