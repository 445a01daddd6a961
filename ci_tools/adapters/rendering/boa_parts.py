"""The steps of a boa recipe that become packages, with what they take from the top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ci_tools.adapters.rendering.v0_parts import listed, number_of, specs_of, word_of
from ci_tools.errors import Problem, RecipeError

Fields = Mapping[str, Any]
TOP_ONLY = ("requirements", "test")  # said at the top, they are about the package that is called like the recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One package to be; `fields` hold about, test, source, extra."""

    name: str
    version: str
    number: int
    build: Fields
    requirements: Fields
    fields: Fields

    @property
    def noarch(self) -> str:
        """`python`, `generic`, or nothing."""
        said = self.build.get("noarch")
        return "generic" if said is True else str(said or "")

    def specs(self, kind: str) -> tuple[str, ...]:
        """The requirements of one kind as written: build, host, run."""
        return specs_of(self.requirements.get(kind))


def steps(said: Fields, path: str) -> tuple[Step, ...]:
    """Every package that the recipe makes. Steps without a `package:` only prepare, and make none."""
    top = _mapping(said.get("package"))
    found = [_mapping(step) for step in listed(said.get("steps") or said.get("outputs"))]
    if not top and not found:
        hint = "a recipe has `package:` with `name:` and `version:`"
        raise RecipeError(Problem(message="it has no package", hint=hint, path=path, line=1, column=1))
    packages = [step for step in found if "package" in step] if found else [{"package": top}]
    return tuple(_step(said, step, path) for step in packages)


def _step(said: Fields, step: Fields, path: str) -> Step:
    package = {**_mapping(said.get("package")), **_mapping(step.get("package"))}
    name = word_of(package, "name", path)
    is_top = name == str(_mapping(said.get("package")).get("name", "")).lower()
    inherited = {key: value for key, value in _mapping(said.get("build")).items() if is_top or "run_exports" not in key}
    build = {**inherited, **_mapping(step.get("build"))}
    own = {key: step.get(key) or (said.get(key) if is_top else None) for key in TOP_ONLY}
    about = {**_mapping(said.get("about")), **_mapping(step.get("about"))}
    return Step(
        name=name,
        version=word_of(package, "version", path),
        number=number_of(build.get("number"), path),
        build=build,
        requirements=_mapping(own["requirements"]),
        fields={
            "about": about,
            "test": own["test"],
            "source": step.get("source", said.get("source")),
            "extra": said.get("extra"),
        },
    )


def _mapping(said: Any) -> Fields:  # noqa: ANN401 (a value of YAML)
    return said if isinstance(said, Mapping) else {}
