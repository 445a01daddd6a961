"""Where conda-build and boa are installed on this machine: programs in conda environments of their own."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONDA_BUILD, BOA = "conda-build", "boa"
# The default of conda comes with conda-libmamba-solver; where that is not there, what is there must be named.
SOLVERS = ("conda-libmamba-solver", "conda-rattler-solver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A conda environment that `program` runs in."""

    program: str
    version: str
    prefix: Path
    solver: str = ""  # for CONDA_SOLVER; empty: conda's own choice

    @property
    def python(self) -> Path:
        """The interpreter: `python -m conda` is conda, whatever wrote its script."""
        return self.prefix / "bin" / "python"

    @property
    def label(self) -> str:
        """Name and version, as recorded beside a package."""
        return f"{self.program} {self.version}"


def installation(program: str, prefix: Path | None, env: Mapping[str, str]) -> Installation | None:
    """`program` in the environment `prefix`, or else the one found by PATH; None where there is none.

    UsageError where `prefix` was named and does not hold it.
    """
    if prefix is not None:
        found = _in(program, prefix)
        if found is None:
            hint = f"make the environment (channel doctor shows how), or correct `build: backends: {program}`"
            raise UsageError(f"there is no {program} in `{prefix}`", hint=hint)
        return found
    on_path = shutil.which(program, path=env.get("PATH", os.defpath))
    return _in(program, Path(on_path).resolve().parent.parent) if on_path else None


def _in(program: str, prefix: Path) -> Installation | None:
    version = _version(program, prefix)
    # A directory is a conda environment when it has a history.
    if not version or not (prefix / "conda-meta" / "history").is_file() or not (prefix / "bin" / "python").exists():
        return None
    solvers = [name for name in SOLVERS if _version(name, prefix)]
    return Installation(
        program=program, version=version, prefix=prefix,
        solver="rattler" if solvers == ["conda-rattler-solver"] else "",
    )  # fmt: skip


def _version(package: str, prefix: Path) -> str:
    """The version that is installed, as conda or as pip recorded it; empty where it is not there."""
    return next(_versions(package, prefix), "")


def _versions(package: str, prefix: Path) -> Iterator[str]:
    for record in sorted((prefix / "conda-meta").glob(f"{package}-*.json")):
        said = json.loads(record.read_bytes())
        if said.get("name") == package:
            yield str(said["version"])
    stem = package.replace("-", "_")
    for noted in sorted(prefix.glob(f"lib/python3*/site-packages/{stem}-*.dist-info")):
        yield noted.name.removesuffix(".dist-info").removeprefix(f"{stem}-")


def how_to_get(program: str) -> str:
    """The commands that make an environment with `program`, for people."""
    here = f".backends/{program}"
    return (
        f"micromamba create --yes --prefix {here} --file .github/environments/{program}.yaml, "
        f"then say in channel.yaml: build: {{backends: {{{program}: {{prefix: {here}}}}}}}"
    )
