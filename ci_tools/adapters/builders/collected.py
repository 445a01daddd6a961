"""What is taken over from a back end: the one package it reports, and its log."""

from __future__ import annotations

import hashlib
import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TAIL = 30  # lines
TAIL_BYTES = 2**16
MODE = 0o644  # rattler-build writes 0600, which a web server cannot read
# ECMA-48: control sequences (colours, cursor), operating system commands (titles, links), and the lone escapes.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
PLACEHOLDER = re.compile(r"(?:_placehold)+\w*")


def take(package: Path, folder: Path) -> Path:
    """Move the package into `folder`, whole or not at all, readable for all; its path there."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / package.name
    beside = folder / f".{package.name}.part"
    shutil.move(package, beside)
    beside.chmod(MODE)
    beside.replace(final)
    return final


def sha256(path: Path) -> str:
    """Lower-hex digest of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settle(log: Path, names: Mapping[Path, str]) -> None:
    """Make the log plain text: no colours, no control characters, and what `names` calls a folder for its path."""
    plain = PLACEHOLDER.sub("", ANSI.sub("", log.read_bytes().decode("utf-8", "replace")))
    for folder in sorted(names, key=lambda path: -len(str(path))):
        plain = plain.replace(folder.as_uri(), f"file://{names[folder]}").replace(str(folder), names[folder])
    lines = (CONTROL.sub("", line).rstrip() for line in plain.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    log.write_text("\n".join(lines), encoding="utf-8")


def tail(log: Path) -> str:
    """The last lines of a settled log that say something."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line for line in lines if line][-TAIL:])
