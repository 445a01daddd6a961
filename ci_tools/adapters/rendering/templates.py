"""Jinja2 as conda-build and boa offer it to recipes, in a sandbox; what only a build knows is an Unknown."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from ci_tools.adapters.rendering import yaml_text
from ci_tools.adapters.rendering.selectors import namespace
from ci_tools.core.package import Subdir
from ci_tools.core.pins import pinned
from ci_tools.errors import Problem, RecipeError

MARK = "unknown0value"  # what an Unknown is in text; no version and no name that a person writes
# conda-build's own, for variants that do not say them.
COMPILERS = {
    "linux": {"c": "gcc", "cxx": "gxx", "fortran": "gfortran"},
    "osx": {"c": "clang", "cxx": "clangxx", "fortran": "gfortran"},
    "win": {"c": "vs2017", "cxx": "vs2017", "fortran": "gfortran"},
}
CDT = {"64": ("cos6", "x86_64"), "32": ("cos6", "i686")}
# What conda-build puts beside the variant, and what of it the repository cannot say.
BUILD_ONLY = (
    "GIT_DESCRIBE_TAG", "GIT_DESCRIBE_NUMBER", "GIT_DESCRIBE_HASH", "GIT_DESCRIBE_TAG_PEP440", "GIT_FULL_HASH",
    "GIT_BUILD_STR", "GIT_STUB", "HG_BRANCH", "HG_LATEST_TAG", "HG_SHORT_ID", "HG_BUILD_STR", "PREFIX",
    "BUILD_PREFIX", "SRC_DIR", "RECIPE_DIR", "SYS_PREFIX", "SYS_PYTHON", "PYTHON", "SP_DIR", "STDLIB_DIR", "R",
    "PERL", "LUA", "CPU_COUNT", "ROOT", "PKG_BUILD_STRING", "time", "datetime", "installed", "LIBRARY_PREFIX",
    "LIBRARY_BIN", "LIBRARY_LIB", "LIBRARY_INC", "SCRIPTS", "SHLIB_EXT", "PATH", "HOME", "LANG", "MAKEFLAGS",
)  # fmt: skip

SANDBOX = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


class Unknown:
    """A value that only a build knows: whatever one does with it, it stays unknown. It is false, and equals nothing."""

    def __init__(self, origin: str, seen: set[str]) -> None:
        self._origin, self._seen = origin, seen

    def _same(self, *_arguments: object, **_named: object) -> Unknown:
        return self

    __call__ = __getitem__ = __add__ = __radd__ = __mul__ = __mod__ = __sub__ = __truediv__ = __floordiv__ = _same

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __str__(self) -> str:
        self._seen.add(self._origin)
        return MARK

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Any:  # noqa: ANN401 (an iterator of nothing)
        return iter(())

    def __eq__(self, _other: object) -> bool:
        return False

    def __lt__(self, _other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__
    __hash__ = object.__hash__


class _Environ(dict[str, Any]):
    """The environment as recipes see it when they are planned: empty, so that defaults count."""

    def __init__(self, seen: set[str]) -> None:
        super().__init__()
        self._seen = seen

    def __missing__(self, name: str) -> Unknown:
        return Unknown(f"environ['{name}']", self._seen)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 (a default of any kind)
        return self[name] if default is None else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What templates are rendered with. `versions`: package of the recipe -> its version, as far as known.

    `builds`: the same -> its build string. `own`: the folder of the recipe. `seen` collects what was used and only a
    build knows.
    """

    machine: Subdir
    variant: Mapping[str, Any]
    own: Path
    versions: Mapping[str, str] = field(default_factory=dict)
    builds: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def names(self) -> dict[str, Any]:
        """Everything that a template can name."""
        unknown = {name: Unknown(name, self.seen) for name in BUILD_ONLY}
        return (
            unknown
            | namespace(self.machine, self.variant)
            | self._known()
            | self._functions()
            | dict(self.variant)
            | dict(self.more)
        )

    def _known(self) -> dict[str, Any]:
        python = ".".join(str(self.variant.get("python", "")).split(".")[:2])
        numpy = ".".join(str(self.variant.get("numpy", "")).split(".")[:2])
        return {
            "SUBDIR": str(self.machine), "ARCH": self.machine.partition("-")[2], "PKG_HASH": "1234567",
            "PY_VER": python, "CONDA_PY": python.replace(".", ""), "NPY_VER": numpy, "PY3K": "1",
            "CONDA_NPY": numpy.replace(".", ""), "R_VER": str(self.variant.get("r_base", "")),
            "environ": _Environ(self.seen),
        }  # fmt: skip

    def _functions(self) -> dict[str, Callable[..., Any]]:
        unknown = {
            name: Unknown(f"{name}()", self.seen)
            for name in ("load_setup_py_data", "load_setuptools", "load_npm", "load_file_regex", "resolved_packages")
        }
        return unknown | {
            "compiler": lambda language: self._toolchain(language, "compiler"),
            "stdlib": lambda language: self._toolchain(language, "stdlib"),
            "cdt": self._cdt, "ccache": lambda *_: "ccache", "pin_compatible": lambda name, *_, **__: name,
            "pin_subpackage": self._pin, "load_file_data": self._file, "load_str_data": _parsed,
        }  # fmt: skip

    def _toolchain(self, language: str, kind: str) -> str:
        native = native_compiler(language, self.machine)
        name = self.variant.get(f"{language}_{kind}", native if kind == "compiler" else language)
        version = self.variant.get(f"{language}_{kind}_version")
        return f"{name}_{self.variant.get('target_platform', self.machine)}" + (f" {version}.*" if version else "")

    def _cdt(self, package: str) -> str:
        known, cpu = CDT.get(self.machine.partition("-")[2], ("cos7", self.machine.partition("-")[2]))
        distribution, cpu = self.variant.get("cdt_name", known), self.variant.get("cdt_arch", cpu)
        name, _, rest = package.partition(" ")
        return f"{name}-{distribution}-{cpu} {rest}".strip()

    def _pin(self, name: str, min_pin: str = "x.x.x.x.x.x", max_pin: str = "x", **more: Any) -> str:  # noqa: ANN401
        version = self.versions.get(name)
        if version is None:
            return name
        if more.get("exact"):
            return f"{name} =={version} {self.builds.get(name, '')}".strip()
        return pinned(name, version, more.get("lower_bound") or min_pin or "", more.get("upper_bound") or max_pin or "")

    def _file(self, name: str, fmt: str | None = None, *_: Any, from_recipe_dir: bool = False, **__: Any) -> Any:  # noqa: ANN401
        """A data file beside the recipe; one of the sources is known to a build only."""
        file = self.own / name
        inside = file.is_file() and self.own.resolve() in file.resolve().parents
        if not (from_recipe_dir and inside) or file.stat().st_size > yaml_text.LARGEST:
            return Unknown(f"load_file_data('{name}')", self.seen)
        return _parsed(file.read_text(encoding="utf-8"), fmt or file.suffix.removeprefix("."))


def native_compiler(language: str, platform: str) -> str:
    """The compiler of a language where no variants file says one."""
    return COMPILERS.get(platform.partition("-")[0], {}).get(language, language)


def _parsed(text: str, fmt: str, *_: Any, **__: Any) -> Any:  # noqa: ANN401 (whatever the text holds)
    match fmt.lower():
        case "json":
            return json.loads(text)
        case "toml":
            return tomllib.loads(text)
        case "yaml" | "yml":
            return yaml_text.texts(text, "")
    raise ValueError(f"`{fmt}` is no known format")


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """One recipe's templates, rendered in a sandbox; `path` names the recipe in problems."""

    path: str = field(kw_only=False)
    compiled: dict[str, jinja2.Template] = field(default_factory=dict)  # a recipe is filled in more than once

    def rendered(self, text: str, names: Mapping[str, Any], line: int = 0) -> str:
        """`text` with its templates filled in. RecipeError with the line; `line` is added to those in `text`."""
        try:
            if text not in self.compiled:
                self.compiled[text] = SANDBOX.from_string(text)
            return self.compiled[text].render(names)
        except jinja2.TemplateSyntaxError as exc:
            raise self._error(exc.message or "a template is wrong", (exc.lineno or 1) + line, exc) from exc
        except RecipeError as exc:
            raise RecipeError(*(self._at(p, _line(exc) + line) for p in exc.problems)) from exc
        except (jinja2.TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as exc:
            raise self._error(str(exc) or type(exc).__name__, _line(exc) + line, exc) from exc
        except (MemoryError, RecursionError) as exc:
            raise self._error("a template makes too much", _line(exc) + line, exc) from exc

    def _error(self, message: str, line: int, exc: BaseException) -> RecipeError:
        undefined = isinstance(exc, jinja2.UndefinedError)
        hint = "define it with `{% set … %}`, or in a variants file" if undefined else "mend the template"
        return RecipeError(Problem(message=message, hint=hint, path=self.path, line=line, detail=str(exc)))

    def _at(self, problem: Problem, line: int) -> Problem:
        return Problem(message=problem.message, hint=problem.hint, path=self.path, line=line, detail=problem.detail)


def _line(exc: BaseException) -> int:
    """The line of the template in which `exc` was raised: Jinja2 writes it into the traceback."""
    found, trace = 1, exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def is_unknown(text: str) -> bool:
    """Whether something in it is only known to a build."""
    return re.search(MARK, text, re.IGNORECASE) is not None
