"""Which variant keys a V0 recipe uses: conda-build looks at the text, and its hashes depend on what it finds there."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TOOLCHAIN = re.compile(r"(.*?)_(compiler|stdlib)(?:_version)?$")
SYSROOT_USERS = {"c_stdlib", "c_compiler", "cxx_compiler"}
SYSROOT = "CONDA_BUILD_SYSROOT"


def used_in(text: str, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that templates and requirements of `text` use."""
    known = set(keys)
    found = {key for key, lines in _mentioned(text, known) if any(map(_use(key).search, lines))}
    return found | ({SYSROOT} if found & SYSROOT_USERS and SYSROOT in known else set())


def selecting_in(text: str, keys: Iterable[str]) -> set[str]:
    """Those of `keys` that selectors of `text` use."""
    return {key for key, lines in _mentioned(text, set(keys)) if any(map(_selector(key).search, lines))}


def used_in_script(text: str, keys: Iterable[str], *, is_batch: bool = False) -> set[str]:
    """Those of `keys` that a script takes from its environment."""
    form = "%{}%" if is_batch else r"^[^$]*?\$\{{?\s*{}\s*[\s|\}}]"
    flags = re.MULTILINE | re.DOTALL
    return {key for key in keys if key in text and re.search(form.format(re.escape(key)), text, flags)}


def _mentioned(text: str, keys: set[str]) -> Iterable[tuple[str, list[str]]]:
    """Each key that may be used, with the lines that may do so."""
    lines = [(line, line.replace("-", "_")) for line in text.splitlines() if line.strip()]
    whole = text.replace("-", "_")
    for key in sorted(keys):
        toolchain = TOOLCHAIN.match(key)
        word = toolchain[1] if toolchain else "cdt(" if key.startswith("cdt_") else key
        if key in whole or word in text:
            yield key, [line for line, dashed in lines if key in dashed or word in line]


@lru_cache(maxsize=4096)
def _use(key: str) -> re.Pattern[str]:
    name, spelled = re.escape(key), "[-_]".join(map(re.escape, key.split("_")))
    alone = rf"(?<![a-zA-Z_0-9]){name}(?![a-zA-Z_0-9])"
    forms = [
        rf"\{{\s*(?:pin_[a-z]+\(\s*?['\"])?{name}(?:[^_0-9a-zA-Z].*?)?\}}\}}",
        rf"^\s+-\s+{spelled}\s*(?:\s[\[#]|$)",  # a requirement without a version
        rf"(?:^|[^{{])\{{%\s*(?:el)?if\s*.*{name}\s*[^%]*?%\}}",
        rf"(?:^|[^{{])\{{%\s*for\s*.*\s*in\s*{name}(?![a-zA-Z_0-9])[^%]*?%\}}",
        rf"(?:^|[^{{])\{{%\s*set\s*.*\s*=\s*.*{alone}[^%]*?%\}}",
    ]
    if toolchain := TOOLCHAIN.match(key):
        forms.append(rf"\{{\s*{toolchain[2]}\(['\"]{re.escape(toolchain[1])}[\"'][^{{]*?\}}")
    if key.startswith("cdt_"):
        forms.append(r"\{\s*cdt\(")
    return re.compile("|".join(forms))


@lru_cache(maxsize=4096)
def _selector(key: str) -> re.Pattern[str]:
    return re.compile(rf"^[^#\[]*?#?\s\[[^\]]*?(?<![_\w\d]){re.escape(key)}[=\s<>!\]]")
