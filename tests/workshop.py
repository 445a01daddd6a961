"""A repository of recipes in a folder, and what builds them: for the tests of back ends and of the build flow."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from pathlib import Path

import yaml

from ci_tools.adapters.builders.boa import boa
from ci_tools.adapters.builders.conda_build import conda_build, mambabuild
from ci_tools.adapters.builders.installations import installation
from ci_tools.adapters.builders.rattler_build import RattlerBuild
from ci_tools.adapters.machine import subdir as machine_subdir
from ci_tools.core.package import Dist, Filename, Subdir
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
    """Recipes are written in the back end's dialect; where it does not render, the plan leaves build strings open."""

    root: Path
    backend: BuildBackend
    workspace: Workspace
    dialect: Dialect = Dialect.V1

    def write(self, spec: Spec) -> Recipe:
        write_in = {Dialect.V1: v1, Dialect.V0: v0, Dialect.BOA: v0}[self.dialect]
        config = "variants.yaml" if self.dialect is Dialect.V1 else "conda_build_config.yaml"
        values = {key: list(values) for key, values in spec.variants.items()}
        recipe = self.recipe(spec.name, write_in(spec), {config: yaml.safe_dump(values)} if values else {})
        SPECS[self.root / recipe.directory] = spec
        return recipe

    def recipe(self, name: str, text: str, files: Mapping[str, str] | None = None) -> Recipe:
        folder = self.root / "recipes" / name
        for path, body in {self.dialect.filename: text, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(body, encoding="utf-8")
        directory = f"recipes/{name}"
        file = f"{directory}/{self.dialect.filename}"
        return Recipe(name=name, directory=directory, file=file, dialect=self.dialect)

    def planned(self, recipe: Recipe) -> tuple[PlannedOutput, ...]:
        if isinstance(self.backend, RattlerBuild):
            return tuple(planned(output) for output in self.backend.render(recipe, HERE))
        spec = SPECS[self.root / recipe.directory]
        parts = spec.parts or (spec,)
        return tuple(self._open(recipe, part, variant) for part in parts for variant in spec.rows())

    def _open(self, recipe: Recipe, part: Spec, variant: tuple[tuple[str, str], ...]) -> PlannedOutput:
        """As a plan has it that knows name, version, number and variant, and not the build string."""
        tag = sha256(repr(variant).encode()).hexdigest()[:7]
        dist = Dist(name=part.name, version=part.version, build=f"unknown{tag}_0")
        return PlannedOutput(
            recipe=recipe.directory, dialect=recipe.dialect, filename=Filename(dist=dist), build_number=0,
            subdir=Subdir.NOARCH if part.noarch else HERE, input_hash="0" * 64, reason=Reason.CHANGED,
            because="a test wants it", variant=variant,
        )  # fmt: skip

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

    def log(self, outcome: Built | Failed) -> str:
        return (self.workspace.collected / outcome.log).read_text(encoding="utf-8")


SPECS: dict[Path, Spec] = {}


def planned(output, **changes) -> PlannedOutput:  # noqa: ANN001, ANN003
    fields = {
        "recipe": output.recipe.directory, "dialect": output.recipe.dialect, "filename": output.filename,
        "subdir": output.subdir, "build_number": output.build_number, "input_hash": "0" * 64,
        "reason": Reason.CHANGED, "because": "a test wants it", "variant": output.variant,
    }  # fmt: skip
    return PlannedOutput(**fields | changes)


def workspace_in(folder: Path, root: Path, timeout: float = 60.0) -> Workspace:
    return Workspace(
        repository=root, scratch=folder / "scratch", collected=folder / "dist", channels=(), timeout=timeout
    )  # fmt: skip


def rattler_workshop(folder: Path, root: Path | None = None, timeout: float = 60.0) -> Workshop:
    root = root or folder / "repository"
    backend = RattlerBuild(root=root, env={**os.environ, **SECRETS})
    return Workshop(root=root, workspace=workspace_in(folder, root, timeout), backend=backend)


def conda_workshop(folder: Path, prefix: Path, timeout: float = 300.0) -> Workshop:
    """conda-build in the environment `prefix`."""
    backend = conda_build(installation("conda-build", prefix, {}), {**os.environ, **SECRETS})
    workspace = workspace_in(folder, folder / "repository", timeout)
    return Workshop(root=workspace.repository, workspace=workspace, backend=backend, dialect=Dialect.V0)


def mamba_workshop(folder: Path, prefix: Path, timeout: float = 300.0) -> Workshop:
    """conda-build by `conda mambabuild` of the boa in the environment `prefix`."""
    backend = mambabuild(installation("boa", prefix, {}), {**os.environ, **SECRETS})
    workspace = workspace_in(folder, folder / "repository", timeout)
    return Workshop(root=workspace.repository, workspace=workspace, backend=backend, dialect=Dialect.V0)


def boa_workshop(folder: Path, prefix: Path, timeout: float = 300.0) -> Workshop:
    """boa in the environment `prefix`."""
    backend = boa(installation("boa", prefix, {}), {**os.environ, **SECRETS})
    workspace = workspace_in(folder, folder / "repository", timeout)
    return Workshop(root=workspace.repository, workspace=workspace, backend=backend, dialect=Dialect.BOA)


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
    variants: Mapping[str, Sequence[str]] = field(default_factory=dict)  # key -> values, used by the script as $key
    parts: tuple[Spec, ...] = ()  # the outputs, where there are several
    more: Mapping[str, object] = field(default_factory=dict)

    def rows(self) -> list[tuple[tuple[str, str], ...]]:
        """Each combination of the variants' values."""
        return [tuple(zip(self.variants, row, strict=True)) for row in product(*self.variants.values())]


def v1(spec: Spec) -> str:
    """The recipe in the V1 dialect (CEP 13, 14)."""
    recipe: dict[str, object] = {"schema_version": 1, "about": {"license": "MIT"}}
    if not spec.parts:
        return yaml.safe_dump(recipe | _v1_part(spec, spec.variants) | dict(spec.more), allow_unicode=True)
    parts = [_v1_part(part, spec.variants) for part in spec.parts]
    recipe |= {"recipe": {"name": spec.name, "version": spec.version}, "outputs": parts}
    return yaml.safe_dump(recipe | dict(spec.more), allow_unicode=True)


def _v1_part(spec: Spec, variants: Mapping[str, Sequence[str]]) -> dict[str, object]:
    requirements = {"host": list(spec.host), "run": list(spec.run), "run_exports": list(spec.run_exports)}
    chosen = {key: f"${{{{ {key} }}}}" for key in variants}
    script = {"content": list(spec.script), "env": chosen} if chosen else list(spec.script)
    build: dict[str, object] = {"number": 0, "script": script}
    return {
        "package": {"name": spec.name, "version": spec.version},
        "build": build | ({"noarch": "generic"} if spec.noarch else {}),
        "requirements": requirements,
        "tests": [{"script": list(spec.test)}],
    }


class _Indented(yaml.SafeDumper):
    """Items of lists stand deeper than their key: conda-build looks for outputs by a pattern."""

    def increase_indent(self, flow=False, indentless=False):  # noqa: ANN001, ANN202, ARG002, FBT002 (PyYAML's signature)
        return super().increase_indent(flow, False)  # noqa: FBT003 (the same)


def v0(spec: Spec) -> str:
    """The recipe as conda-build reads it; boa's dialect is the same for what is used here. The order is part of it."""
    package = {"package": {"name": spec.name, "version": spec.version}}
    if spec.parts:
        outputs = [{"name": p.name, "version": p.version} | _v0_part(p, spec.variants) for p in spec.parts]
        recipe = package | {"outputs": outputs}
    else:
        recipe = package | _v0_part(spec, spec.variants)
    recipe |= {"about": {"license": "MIT"}} | dict(spec.more)
    return yaml.dump(recipe, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=1000)


def _v0_part(spec: Spec, variants: Mapping[str, Sequence[str]]) -> dict[str, object]:
    # a comment of the shell that names the keys: so conda-build sees them used
    script = [*(f"export {key}={{{{ {key} }}}}" for key in variants), *spec.script]
    build: dict[str, object] = {"number": 0, "script": script}
    build |= {"noarch": "generic"} if spec.noarch else {}
    build |= {"run_exports": list(spec.run_exports)} if spec.run_exports else {}
    return {
        "build": build,
        "requirements": {"host": list(spec.host), "run": list(spec.run)},
        "test": {"commands": list(spec.test)},
    }


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
