"""A repository of recipes in a folder, and what builds them: for the tests of back ends and of the build flow."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from ci_tools.adapters.builders.rattler_build import RattlerBuild
from ci_tools.adapters.machine import subdir as machine_subdir
from ci_tools.core.plan import Built, Failed, PlannedOutput, Reason
from ci_tools.core.recipe import Dialect, Recipe
from ci_tools.ports import BuildBackend, Workspace

HERE = machine_subdir()
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "leaked-1", "CHANNEL_TOKEN": "leaked-2", "GITHUB_TOKEN": "leaked-3",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "leaked-4", "HTTPS_PROXY": "http://me:leaked-5@proxy.example", "CC": "leaked-6",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Workshop:
    root: Path
    backend: BuildBackend
    workspace: Workspace
    dialect: Callable[[Spec], str]

    def write(self, spec: Spec) -> Recipe:
        return self.recipe(spec.name, self.dialect(spec))

    def recipe(self, name: str, text: str, files: Mapping[str, str] | None = None) -> Recipe:
        folder = self.root / "recipes" / name
        for path, body in {"recipe.yaml": text, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(body, encoding="utf-8")
        directory = f"recipes/{name}"
        return Recipe(name=name, directory=directory, file=f"{directory}/recipe.yaml", dialect=Dialect.V1)

    def planned(self, recipe: Recipe) -> tuple[PlannedOutput, ...]:
        return tuple(planned(output) for output in self.backend.render(recipe, HERE))

    def build(self, recipe: Recipe) -> tuple[Built | Failed, ...]:
        return tuple(self.backend.build(output, HERE, self.workspace) for output in self.planned(recipe))

    def built(self, recipe: Recipe) -> Path:
        """The package of a recipe that makes one."""
        (outcome,) = self.build(recipe)
        assert isinstance(outcome, Built), outcome
        return self.workspace.collected / outcome.path

    def failed(self, recipe: Recipe) -> Failed:
        (outcome,) = self.build(recipe)
        assert isinstance(outcome, Failed), outcome
        return outcome

    def packages(self) -> list[str]:
        found = self.workspace.collected.glob("**/*")
        return sorted(path.name for path in found if path.name.endswith((".conda", ".tar.bz2")))


def planned(output, **changes) -> PlannedOutput:  # noqa: ANN001, ANN003
    fields = {
        "recipe": output.recipe.directory, "dialect": output.recipe.dialect, "filename": output.filename,
        "subdir": output.subdir, "build_number": output.build_number, "input_hash": "0" * 64,
        "reason": Reason.CHANGED, "because": "a test wants it", "variant": output.variant,
    }  # fmt: skip
    return PlannedOutput(**fields | changes)


def rattler_workshop(folder: Path, root: Path | None = None, timeout: float = 60.0) -> Workshop:
    root = root or folder / "repository"
    workspace = Workspace(
        repository=root, scratch=folder / "scratch", collected=folder / "dist", channels=(), timeout=timeout
    )
    backend = RattlerBuild(root=root, env={**os.environ, **SECRETS})
    return Workshop(root=root, workspace=workspace, backend=backend, dialect=v1)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A recipe of one output, in no dialect."""

    name: str
    script: Sequence[str] = ('mkdir -p "$PREFIX/share"', 'date > "$PREFIX/share/$PKG_NAME"')
    test: Sequence[str] = ("true",)
    version: str = "1.0"
    noarch: bool = True
    host: Sequence[str] = ()
    run: Sequence[str] = ()
    run_exports: Sequence[str] = ()
    more: Mapping[str, object] = field(default_factory=dict)


def v1(spec: Spec) -> str:
    """The recipe in the V1 dialect (CEP 13, 14)."""
    build: dict[str, object] = {"number": 0, "script": list(spec.script)}
    requirements = {"host": list(spec.host), "run": list(spec.run), "run_exports": list(spec.run_exports)}
    recipe = {
        "schema_version": 1,
        "package": {"name": spec.name, "version": spec.version},
        "build": build | ({"noarch": "generic"} if spec.noarch else {}),
        "requirements": requirements,
        "tests": [{"script": list(spec.test)}],
        "about": {"license": "MIT"},
    }
    return yaml.safe_dump(recipe | dict(spec.more), allow_unicode=True)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
