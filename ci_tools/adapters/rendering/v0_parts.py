"""The parts of a V0 recipe that become packages: its own, or its outputs, with what they take from the top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.rendering.templates import is_unknown
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

Fields = Mapping[str, Any]
NO_PACKAGES = {"wheel"}  # an output of that type is nothing that a channel holds
SECTIONS = ("requirements", "build", "about")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One package to be. `index` is its place among the recipe's outputs, -1 for the recipe's own package."""

    name: str
    version: str
    number: int
    build: Fields
    requirements: Mapping[str, tuple[str, ...]]
    fields: Fields  # about, test, source
    script: str = ""  # a file beside the recipe, of an output
    index: int = -1
    is_top: bool = True  # the recipe's own package, or an output that is called like it

    @property
    def noarch(self) -> str:
        """`python`, `generic`, or nothing."""
        said = self.build.get("noarch")
        return "python" if self.build.get("noarch_python") else "generic" if said is True else str(said or "")

    def specs(self, kind: str) -> tuple[str, ...]:
        """The requirements of one kind: build, host, run."""
        return self.requirements.get(kind, ())


def parts(meta: Fields, path: str) -> tuple[Part, ...]:
    """Every package that the recipe `meta` makes, skipped ones left out. RecipeError where it does not say enough."""
    package, build = _mapping(meta.get("package")), _mapping(meta.get("build"))
    outputs = [_mapping(output) for output in listed(meta.get("outputs"))]
    if not package and not any("name" in output for output in outputs):
        hint = "a recipe has `package:` with `name:` and `version:`"
        raise RecipeError(Problem(message="it has no package", hint=hint, path=path, line=1, column=1))
    if build.get("skip"):
        return ()
    if not outputs:
        return (_top(meta, package, build, path),)
    found = (_output(meta, output, at, path) for at, output in enumerate(outputs))
    return tuple(part for part in found if part is not None and not part.build.get("skip"))


def _top(meta: Fields, package: Fields, build: Fields, path: str) -> Part:
    return Part(
        name=word_of(package, "name", path),
        version=word_of(package, "version", path),
        number=number_of(build.get("number"), path),
        build=build,
        requirements=_requirements(meta.get("requirements")),
        fields=meta,
    )


def _output(meta: Fields, output: Fields, index: int, path: str) -> Part | None:
    package, top = _mapping(meta.get("package")), _mapping(meta.get("build"))
    if output.get("type") in NO_PACKAGES:
        return None
    name = word_of(output if "name" in output else package, "name", path)
    is_top = name == str(package.get("name", ""))
    said = _combined(meta, output) if is_top else output
    own = {"noarch": said.get("noarch"), "string": said.get("string"), "run_exports": said.get("run_exports")}
    build = _mapping(said["build"]) if said.get("build") else {**_without(top, own), **_said(own)}
    number = next((n for n in (build.get("number"), said.get("number"), top.get("number")) if n is not None), 0)
    return Part(
        name=name,
        version=str(output["version"]) if output.get("version") else word_of(package, "version", path),
        number=number_of(number, path),
        build=build,
        requirements=_requirements(said.get("requirements")),
        fields={key: said.get(key, meta.get(key)) for key in ("about", "test", "source")},
        script=str(output.get("script") or "") if isinstance(output.get("script"), str) else "",
        index=index,
        is_top=is_top,
    )


def _combined(meta: Fields, output: Fields) -> Fields:
    """An output that is called like the recipe has the recipe's fields where it says none."""
    found = dict(output)
    for section in SECTIONS:
        said = output.get(section)
        said = _requirements(said) if section == "requirements" else _mapping(said)
        found[section] = {**_mapping(meta.get(section)), **said}
    return found


def _without(top: Fields, own: Fields) -> dict[str, Any]:
    """The recipe's build section as an output without one has it; what it is for one package is not for another."""
    return {key: value for key, value in top.items() if key not in {*own, "number", "script", "entry_points"}}


def _said(fields: Fields) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def word_of(fields: Fields, key: str, path: str) -> str:
    """The name or the version that `fields` say; RecipeError where they say none."""
    said = fields.get(key)
    if said is None or isinstance(said, (dict, list)) or str(said) == "":
        hint = "a recipe has `package:` with `name:` and `version:`"
        raise RecipeError(Problem(message=f"it does not say its {key}", hint=hint, path=path))
    if is_unknown(str(said)):
        hint = f"write the {key} into the recipe: a plan names files before anything is built"
        raise RecipeError(Problem(message=f"only a build knows its {key}", hint=hint, path=path))
    return str(said).lower() if key == "name" else str(said)


def number_of(said: Any, path: str) -> int:  # noqa: ANN401 (a value of YAML)
    """A build number; RecipeError where it is none."""
    text = str(said if said is not None else 0).strip() or "0"
    if not text.isascii() or not text.isdigit() or len(text) > len(str(2**63)):
        known = "only a build knows its build number" if is_unknown(text) else f"`{text}` is no build number"
        raise RecipeError(Problem(message=known, hint="a build number is a whole number", path=path))
    return int(text)


def _requirements(said: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 (the same)
    """By kind; a mere list, as outputs have it, is for the host and to run (conda-build calls it both)."""
    if not isinstance(said, Mapping):
        return {kind: specs_of(said) for kind in ("host", "run")} if said else {}
    return {str(kind): specs_of(specs) for kind, specs in said.items()}


def specs_of(said: Any) -> tuple[str, ...]:  # noqa: ANN401 (the same)
    """Requirements as match specs, with single spaces."""
    return tuple(" ".join(str(spec).split()) for spec in listed(said) if isinstance(spec, str) and spec.strip())


def _mapping(said: Any) -> Fields:  # noqa: ANN401 (the same)
    return said if isinstance(said, Mapping) else {}


def listed(said: Any) -> list[Any]:  # noqa: ANN401 (the same)
    """What may be one thing or a list of them, as a list."""
    return list(said) if isinstance(said, (list, tuple)) else [] if said is None else [said]


def exports(build: Fields) -> Iterator[tuple[str, str]]:
    """(kind, spec) of each run_export; a mere list is weak."""
    said = build.get("run_exports")
    found = said if isinstance(said, Mapping) else {"weak": said}
    for kind, specs in found.items():
        yield from ((str(kind), spec) for spec in specs_of(specs))
