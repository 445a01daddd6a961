"""Renders recipes in a process of its own, which may hang, run out of memory or be killed without harm to ours.

Started by processes.py: `python -I -m ci_tools.adapters.rendering.worker KIND FILE`. Each line it prints is a
rendering, in the order asked for; or the one line is the tables of variants files.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering import wire, yaml_text
from ci_tools.adapters.rendering.reading import text_of
from ci_tools.core.recipe import Dialect, Rendering
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.assignments import Assignment
    from ci_tools.core.recipe import Output

MEMORY = 4 << 30  # bytes of addresses, of which threads take most without using them


def rendering_of(root: Path, asked: Assignment) -> Rendering:
    """What the recipe makes, or what is wrong with it; whatever else goes wrong is wrong with it as well."""
    try:
        return Rendering(recipe=asked.recipe, machine=asked.machine, outputs=_outputs(root, asked))
    except RecipeError as exc:
        problems = exc.problems
    except Exception as exc:  # noqa: BLE001 (a process of its own: the next recipe is none the worse for it)
        said = f"{type(exc).__name__}: {exc}".rstrip(": ")
        hint = "simplify the recipe; if it builds elsewhere, report it with the recipe"
        problems = (Problem(message="it cannot be rendered", hint=hint, path=asked.recipe.file, detail=said),)
    return Rendering(recipe=asked.recipe, machine=asked.machine, problems=problems)


def _outputs(root: Path, asked: Assignment) -> tuple[Output, ...]:
    if asked.doubt:
        raise RecipeError(_doubted(root, asked))
    match asked.recipe.dialect:
        case Dialect.V1:
            from ci_tools.adapters.builders.v1 import outputs as v1_outputs  # noqa: PLC0415 (one dialect is common)

            return v1_outputs(root, asked.recipe, asked.machine, asked.variants)
        case Dialect.V0:
            from ci_tools.adapters.rendering import v0  # noqa: PLC0415 (the same)

            return v0.rendered(root, asked.recipe, asked.machine, asked.variants)
        case Dialect.BOA:
            from ci_tools.adapters.rendering import boa  # noqa: PLC0415 (the same)

            return boa.rendered(root, asked.recipe, asked.machine, asked.variants)


def _doubted(root: Path, asked: Assignment) -> Problem:
    yaml_text.texts(text_of(root, asked.recipe.file), asked.recipe.file)
    hint = "say `schema_version: 1` at its top for V1; a `{{ … }}` or `sel(…)` anywhere says that it is boa's"
    message = f"its dialect cannot be told: {asked.doubt}"
    return Problem(message=message, hint=hint, path=asked.recipe.file, line=1, column=1)


def main(kind: str, file: Path) -> None:
    """Answer the request in the file."""
    _bound_memory()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    for answer in _answers(kind, file.read_bytes()):
        out.write(wire.written(answer) + b"\n")
        out.flush()


def _answers(kind: str, body: bytes) -> Iterator[Rendering | wire.Tables]:
    if kind == wire.TablesRequest.__name__:
        asked = wire.read(wire.TablesRequest, body)
        if asked:
            yield _tables(asked)
    elif request := wire.read(wire.Request, body):
        yield from (rendering_of(Path(request.root), assignment) for assignment in request.assignments)


def _tables(asked: wire.TablesRequest) -> wire.Tables:
    from ci_tools.adapters.rendering.variants import table_of  # noqa: PLC0415 (the same)

    try:
        return wire.Tables(tables=tuple(table_of(Path(asked.root), asked.paths, m) for m in asked.machines))
    except RecipeError as exc:
        return wire.Tables(problems=exc.problems)


def _bound_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # not everywhere, and not above what is allowed already
        import resource  # noqa: PLC0415 (not on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    os._exit(0)  # rattler's runtime may crash the interpreter on its regular way out
