"""Renders recipes in a process of its own, which may hang, run out of memory or be killed without harm to ours.

Started by processes.py: `python -I -m ci_tools.adapters.rendering.worker REQUEST`. Each line it prints is a rendering,
in the order asked for.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.adapters.rendering import wire
from ci_tools.core.recipe import Dialect, Rendering
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
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


def main(file: Path) -> None:
    """Answer every assignment of the request."""
    _bound_memory()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    asked = wire.requested(file)
    for assignment in asked.assignments:
        out.write(wire.rendering(rendering_of(Path(asked.root), assignment)) + b"\n")
        out.flush()


def _bound_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # not everywhere, and not above what is allowed already
        import resource  # noqa: PLC0415 (not on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    os._exit(0)  # rattler's runtime may crash the interpreter on its regular way out
