"""The templates and `sel(…)` keys of a boa recipe, filled in; what a build adds is written as marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_tools.adapters.rendering.expressions import ConditionError, holds
from ci_tools.adapters.rendering.selectors import namespace
from ci_tools.adapters.rendering.templates import Scene, Templates
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.core.package import Subdir

COMPILER, PIN = "COMPILER", "PIN_SUBPACKAGE"  # `COMPILER c`, `NAME PIN_SUBPACKAGE[x.x,False]`
LANGUAGES = ("PYTHON", "LUA", "R", "RSCRIPT", "PERL")  # programs that recipes name in scripts
NOTHING = object()
NOWHERE = Path("/nonexistent")  # boa reads no files for templates


def filled(said: dict[str, Any], machine: Subdir, text: str, path: str) -> dict[str, Any]:
    """The recipe `said`, which is written as `text`, for `machine`. RecipeError with the line."""
    writer = _Writer(Templates(path), text, path, _names(machine))
    context = said.get("context")
    for name, value in (context if isinstance(context, dict) else {}).items():
        writer.names[str(name)] = writer.filled(value) if isinstance(value, str) else value
    body = {key: writer.filled(value) for key, value in said.items() if key != "context"}
    chosen = writer.chosen(body, namespace(machine, {}))
    return chosen if isinstance(chosen, dict) else {}


def _names(machine: Subdir) -> dict[str, Any]:
    scene = Scene(machine=machine, variant={"target_platform": str(machine)}, own=NOWHERE)
    return scene.names() | {
        "compiler": lambda language: f"{COMPILER} {language}",
        "pin_subpackage": _pin,
        "build_platform": str(machine),
        **{name: f"${name}" for name in LANGUAGES},
    }


def _pin(name: str, max_pin: str = "x.x.x.x.x", *, exact: bool = False) -> str:
    return f"{name} {PIN}[{max_pin},{exact}]"


def place(text: str, near: str) -> tuple[int, int]:
    """Line and column of the first line of `near` in the recipe; 1, 1 where it is not written so."""
    first = near.strip().partition("\n")[0]
    at = text.find(first) if first else -1
    return (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if at >= 0 else (1, 1)


class _Writer:
    """One recipe's texts and conditions, with what names mean."""

    def __init__(self, templates: Templates, text: str, path: str, names: dict[str, Any]) -> None:
        self.templates, self.text, self.path, self.names = templates, text, path, names

    def filled(self, said: Any) -> Any:  # noqa: ANN401 (a value of YAML)
        """`said` with every text rendered."""
        if isinstance(said, str):
            return self._rendered(said)
        if isinstance(said, dict):
            return {key: self.filled(value) for key, value in said.items()}
        return [self.filled(value) for value in said] if isinstance(said, list) else said

    def _rendered(self, said: str) -> str:
        if "{{" not in said and "{%" not in said:
            return said
        line, _ = place(self.text, said)
        return self.templates.rendered(said, self.names, line - 1)

    def chosen(self, said: Any, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 (the same)
        """`said` with each mapping of `sel(…)` keys replaced by the first value whose condition holds."""
        if isinstance(said, dict):
            if any(str(key).startswith("sel(") for key in said):
                return next((v for k, v in said.items() if self._holds(str(k), names)), NOTHING)
            found = {key: self.chosen(value, names) for key, value in said.items()}
            return {key: None if value is NOTHING else value for key, value in found.items()}
        if isinstance(said, list):
            kept = [value for each in said if (value := self.chosen(each, names)) is not NOTHING]
            return [one for value in kept for one in (value if isinstance(value, list) else [value])]
        return said

    def _holds(self, key: str, names: Mapping[str, Any]) -> bool:
        try:
            return holds(key.removeprefix("sel"), names)
        except ConditionError as exc:
            line, column = place(self.text, key)
            hint = "a selector is a Python expression: `sel(linux)`"
            raise RecipeError(
                Problem(message=f"`{key}`: {exc}", hint=hint, path=self.path, line=line, column=column)
            ) from exc
