"""The values that recipes are built for, read for either family of dialects."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rattler_build import JinjaConfig, PlatformConfig, VariantConfig, VariantError

from ci_tools.adapters.builders import v1_errors
from ci_tools.adapters.rendering import reading
from ci_tools.adapters.rendering.build_config import Table, build_config, together
from ci_tools.core.package import Subdir, built_on
from ci_tools.core.variants import VariantTable
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

LEGACY = "conda_build_config.yaml"
LINE_SELECTOR = re.compile(r"#\s*\[[^\[\]]+\]\s*$", re.MULTILINE)


def platform_of(subdir: Subdir) -> PlatformConfig:
    """What rattler-build calls a build for `subdir`."""
    return PlatformConfig(target_platform=subdir, build_platform=built_on(subdir), host_platform=subdir)


def v1_variants(root: Path, paths: Sequence[str], subdir: Subdir) -> VariantConfig:
    """The files at `paths` below `root` as rattler-build's value, the later over the earlier."""
    return _v1_variants(root, _stamps(root, paths), subdir)


@lru_cache(maxsize=64)
def _v1_variants(root: Path, stamps: tuple[tuple[str, int, int], ...], subdir: Subdir) -> VariantConfig:
    found = VariantConfig()
    for path, _, _ in stamps:
        found = found.merge(_v1_file(root, path, subdir))
    return found


def _v1_file(root: Path, path: str, subdir: Subdir) -> VariantConfig:
    file = root / path
    text = reading.text_of(root, path)
    try:
        if file.name == LEGACY:
            return _v1_legacy(file, text, subdir, path)
        return VariantConfig.from_file_with_context(file, JinjaConfig(platform=platform_of(subdir)))
    except VariantError as exc:
        raise RecipeError(v1_errors.variants_problem(str(exc), root=root, file=file)) from exc


def _v1_legacy(file: Path, text: str, subdir: Subdir, path: str) -> VariantConfig:
    """The other family's file. rattler-build wants lists where conda-build takes a single value as well."""
    try:
        return VariantConfig.from_conda_build_config(file, JinjaConfig(platform=platform_of(subdir)))
    except VariantError:
        table = build_config(text, subdir, path)
        values = {key: list(values) for key, values in table.values.items()}
        return VariantConfig(values, [list(group) for group in table.zips] or None)


def v0_variants(root: Path, paths: Sequence[str], subdir: Subdir) -> Table:
    """The same files as conda-build would take them, values as text."""
    return _v0_variants(root, _stamps(root, paths), subdir)


@lru_cache(maxsize=64)
def _v0_variants(root: Path, stamps: tuple[tuple[str, int, int], ...], subdir: Subdir) -> Table:
    return together([(path, _v0_file(root, path, subdir)) for path, _, _ in stamps])


def _stamps(root: Path, paths: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    return tuple((path, (stat := (root / path).stat()).st_mtime_ns, stat.st_size) for path in paths)


def _v0_file(root: Path, path: str, subdir: Subdir) -> Table:
    if Path(path).name != LEGACY and not LINE_SELECTOR.search(reading.text_of(root, path)):
        config = _v1_file(root, path, subdir)
        values = {key: tuple(map(str, values)) for key, values in config.to_dict().items() if values}
        return Table(values=values, zips=tuple(map(tuple, config.zip_keys or ())))
    return build_config(reading.text_of(root, path), subdir, path)


def table_of(root: Path, paths: Sequence[str], subdir: Subdir) -> VariantTable:
    """All values of the files, to be compared with those of another commit."""
    found = v0_variants(root, paths, subdir)
    return VariantTable(values=found.values, zips=found.zips)
