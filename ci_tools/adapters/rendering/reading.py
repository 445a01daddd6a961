"""Files of the repository as text: modest, UTF-8, and not reached by a link that leads out of it."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ci_tools.adapters.rendering import yaml_text
from ci_tools.errors import Problem, RecipeError


def text_of(root: Path, path: str) -> str:
    """What the file at `path` below `root` says. RecipeError where it cannot be taken at its word."""
    try:
        real = os.path.realpath(root / path, strict=True)
        if not real.startswith(f"{_real(root)}{os.sep}"):
            hint = "copy the file into the repository"
            raise RecipeError(Problem(message="a symbolic link leads out of the repository", hint=hint, path=path))
        file = Path(real)
        if (size := file.stat().st_size) > yaml_text.LARGEST:
            raise RecipeError(_too_large(path, size))
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise RecipeError(unreadable(path, exc)) from exc


@lru_cache(maxsize=8)
def _real(root: Path) -> str:
    return os.path.realpath(root)


def script_of(root: Path, path: str) -> str:
    """The same of a script that may be missing, or be none: empty then."""
    try:
        return text_of(root, path) if (root / path).is_file() else ""
    except RecipeError:
        return ""


def unreadable(path: str, exc: Exception) -> Problem:
    """A problem for a file that is not there or no text."""
    if isinstance(exc, FileNotFoundError):
        return Problem(message="there is no such file", hint="was it moved since the plan was made?", path=path)
    if isinstance(exc, UnicodeDecodeError):
        before = exc.object[: exc.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        return Problem(
            message="the file is not UTF-8 text", hint="save it as UTF-8", path=path, line=line, column=column
        )
    return Problem(message="the file cannot be read", hint="look at its rights", path=path, detail=str(exc))


def _too_large(path: str, size: int) -> Problem:
    message = f"the file has {size / 2**20:.1f} MiB, and at most {yaml_text.LARGEST / 2**20:g} MiB are read"
    return Problem(message=message, hint="keep data in files of their own", path=path, line=1, column=1)
