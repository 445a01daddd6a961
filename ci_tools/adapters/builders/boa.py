"""Recipes of boa's own dialect, built by `boa build`.

boa takes a V1 recipe for one of its own, says nothing and makes another package of it: it is never handed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.builders.conda_program import CondaProgram
from ci_tools.adapters.builders.installations import BOA
from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_tools.adapters.builders.conda_program import Call
    from ci_tools.adapters.builders.installations import Installation


def boa(installation: Installation | None, env: Mapping[str, str], variants: str = "") -> CondaProgram:
    """The back end boa for recipes of its dialect."""
    return CondaProgram(
        program=BOA, dialects=frozenset({Dialect.BOA}), installation=installation, argv=_build, env=env,
        variants=variants,
    )  # fmt: skip


def _build(installation: Installation, call: Call) -> Sequence[str]:
    return (str(installation.python), "-m", "boa.cli.boa", "build", *_options(call), str(call.recipe))


def _options(call: Call) -> Iterator[str]:
    # boa has no option for channels: it reads them from .condarc. Without --pkg-format it makes .tar.bz2.
    yield from ("--pkg-format", "2", "--build-id-pat", "", "--croot", str(call.croot))
    yield from ("--keep-old-work",) if call.keep else ()
    for config in (*call.configs, call.chosen):
        yield from ("-m", str(config))
