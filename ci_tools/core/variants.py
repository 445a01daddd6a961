"""Which values recipes are built for: where they are written, and what a change of them means to whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.recipe import Output

# The later one counts over the earlier one; both serve every dialect.
VARIANT_FILES = ("conda_build_config.yaml", "variants.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantTable:
    """The values of each key on one machine, as text, and the groups of keys whose values go together."""

    values: Mapping[str, tuple[str, ...]]
    zips: tuple[tuple[str, ...], ...] = ()


def candidates(directory: str, first: str = "") -> tuple[str, ...]:
    """The paths of the files that can say values for the recipe in `directory`, the later over the earlier.

    `first` is the file that channel.yaml names for every recipe; then each folder from the root down.
    """
    parts = directory.split("/") if directory else []
    folders = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
    paths = [f"{folder}/{name}" if folder else name for folder in folders for name in VARIANT_FILES]
    return tuple(dict.fromkeys([*([first] if first else []), *paths]))


def differing(before: VariantTable, after: VariantTable) -> frozenset[str]:
    """The keys whose values, or whose company, are not what they were."""
    keys = before.values.keys() | after.values.keys()
    changed = {key for key in keys if before.values.get(key) != after.values.get(key)}
    regrouped = set(map(frozenset, before.zips)) ^ set(map(frozenset, after.zips))
    return frozenset(changed | {key for group in regrouped for key in group})


def using(before: VariantTable, after: VariantTable, outputs: Iterable[Output], text: str) -> tuple[str, ...]:
    """Those of the differing keys that a recipe uses, sorted.

    What is used now is known from its `outputs`. A key that nothing says any more is in no output: there the recipe's
    text decides, where `-` is as good as `_`, and `compiler('c')` uses `c_compiler`.
    """
    used = {key for output in outputs for key, _ in output.variant}
    return tuple(
        sorted(
            key for key in differing(before, after) if key in used or (key not in after.values and _names(text, key))
        )
    )


def _names(text: str, key: str) -> bool:
    spelled = "[-_]".join(map(re.escape, re.split("[-_]", key)))
    language = re.fullmatch(r"(.*?)_(compiler|stdlib)(?:_version)?", key)
    called = rf"|\b{language[2]}\(\s*['\"]{re.escape(language[1])}['\"]" if language else ""
    return re.search(rf"(?<![\w-]){spelled}(?![\w-]){called}", text) is not None
