"""What a package tells people, and what installing it sets off: for channeldata.json (CEP 34, 38)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ci_tools.core.index_json import read_json
from ci_tools.core.package import About

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ABOUT = "info/about.json"
PATHS = "info/paths.json"
TEXTS = ("summary", "description", "license", "home", "dev_url", "doc_url")
SCRIPT = re.compile(
    r"(?:bin/\.(?P<sh>.+)-(?P<on>p[a-z]+-[a-z]+)\.sh|Scripts/\.(?P<bat>.+)-(?P<at>p[a-z]+-[a-z]+)\.bat)"
)
SCRIPTS = {"pre-link": "pre_link", "post-link": "post_link", "pre-unlink": "pre_unlink"}
FOLDERS = {"etc/conda/activate.d/": "activate.d", "etc/conda/deactivate.d/": "deactivate.d"}
PREFIX = re.compile(rb'"file_mode"\s*:\s*"(binary|text)"')
TRAITS = (*FOLDERS.values(), *SCRIPTS.values(), "binary_prefix", "text_prefix")


def read_about(content: bytes, traits: frozenset[str]) -> About:
    """The package's about.json; a list of links gives the first, anything else but text is passed over."""
    told = read_json(content, ABOUT)
    return About(**{name: _text(told.get(name)) for name in TEXTS}, traits=tuple(sorted(traits)))


def traits_of(name: str, path: str, contents: Mapping[str, bytes]) -> frozenset[str]:
    """What one member says of the package called `name`: `contents` holds info/paths.json where it was read."""
    if path == PATHS:
        modes = {mode.decode() for mode in PREFIX.findall(contents.get(PATHS, b""))}
        return frozenset(f"{mode}_prefix" for mode in modes)
    found = SCRIPT.fullmatch(path)
    if found and name in {found[1], found[3]}:
        return frozenset({SCRIPTS[on]} if (on := found[2] or found[4]) in SCRIPTS else ())
    return frozenset(trait for folder, trait in FOLDERS.items() if path.startswith(folder))


def paths_of(content: bytes) -> Iterator[str]:
    """What info/paths.json says that the package holds; nothing where it is none."""
    try:
        told = json.loads(content or b"{}").get("paths", ())
    except (ValueError, AttributeError, RecursionError):
        return
    for entry in told if isinstance(told, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("_path"), str):
            yield entry["_path"]


def _text(value: object) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, str) else ""
