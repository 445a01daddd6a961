"""Recipes of the V0 dialect, built by conda-build, or by conda-build with boa's solver (`conda mambabuild`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.builders.conda_program import CondaProgram
from ci_tools.adapters.builders.installations import BOA, CONDA_BUILD
from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ci_tools.adapters.builders.conda_program import Call
    from ci_tools.adapters.builders.installations import Installation


def conda_build(installation: Installation | None, env: Mapping[str, str], variants: str = "") -> CondaProgram:
    """The back end conda-build for V0 recipes."""
    return CondaProgram(
        program=CONDA_BUILD, dialects=frozenset({Dialect.V0}), installation=installation, argv=_build, env=env,
        variants=variants,
    )  # fmt: skip


def mambabuild(installation: Installation | None, env: Mapping[str, str], variants: str = "") -> CondaProgram:
    """The same by boa's `conda mambabuild`."""
    return CondaProgram(
        program=BOA, dialects=frozenset({Dialect.V0}), installation=installation, argv=_mambabuild, env=env,
        variants=variants,
    )  # fmt: skip


def _build(installation: Installation, call: Call) -> Sequence[str]:
    return _argv(installation, "build", call)


def _mambabuild(installation: Installation, call: Call) -> Sequence[str]:
    return _argv(installation, "mambabuild", call)


def _argv(installation: Installation, verb: str, call: Call) -> tuple[str, ...]:
    return (str(installation.python), "-m", "conda", verb, *_options(call), str(call.recipe))


def _options(call: Call) -> Iterator[str]:
    yield from ("--no-anaconda-upload", "--override-channels", "--package-format", "2", "--no-build-id")
    yield from ("--croot", str(call.croot))
    yield from ("--keep-old-work",) if call.keep else ()
    for channel in call.channels:
        yield from ("-c", channel)
    for config in call.configs:
        yield from ("-e", str(config))
    yield from ("-m", str(call.chosen))
