"""How a package is made and tested, and what it asks of those that build against it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_tools.core.lint.rule import Level, Rule, Spot, Subject, name_field
from ci_tools.core.recipe import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.written import Field, Path, Written

RUN_TEST = re.compile(r"run_test\.(?:sh|bat|py|pl|r|lua)")
TESTED = ("tests", "test")
LANGUAGES = {"python", "r-base", "perl", "ruby", "lua", "nodejs", "julia"}
COMPILER = re.compile(r"\bcompiler\(")
PIP = re.compile(r"\bpip3?\s+install\b(?P<rest>[^\n;&|]*)")
TIGHT = re.compile(r"--no-deps|--no-index|\$\{?\w*(?:ARGS|OPT|FLAGS)\w*")  # what a variable holds is not known here
SCRIPTS = re.compile(r"(?:^|/)(?:build|install[\w-]*)\.sh$|(?:^|/)(?:bld|build|install[\w-]*)\.bat$")


def _tests(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    if any(RUN_TEST.fullmatch(file.path.rpartition("/")[2]) for file in subject.beside):
        return
    for package in written.packages():
        tops = ((), package) if package else ((),)
        if not any(written.below(*top, key) for top in tops for key in TESTED):
            what = _called(written, package)
            hint = "say how one sees that it works, `command --version` at least"
            yield Spot.at(name_field(written, package), f"{what} has no test", hint)


def _called(written: Written, package: Path) -> str:
    named = name_field(written, package)
    return f"`{written.resolved(named.value)}`" if named and named.value else "the package"


def _run_exports(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    if _in(written, (), "run_exports"):
        return  # of the whole, or of the one output that is the library
    for package in written.packages():
        named = name_field(written, package)
        if named and not _in(written, package, "run_exports") and _is_library(written, package, named):
            hint = _pin(written, named)
            yield Spot.at(named, f"{_called(written, package)} is a library and has no `run_exports`", hint)


def _in(written: Written, package: Path, key: str) -> bool:
    return any(written.at(*package, section, key) for section in ("build", "requirements"))


def _is_library(written: Written, package: Path, named: Field) -> bool:
    if written.at(*package, "build", "noarch") or written.at(*package, "noarch") or written.at("build", "noarch"):
        return False
    host = {f.value.split()[0] for f in _requirements(written, package, "host") if f.value and f.value.strip()}
    if host & LANGUAGES:
        return False  # a module of an interpreter: nobody links against it
    contents = {f.key for f in written.below(*package, "tests") if "package_contents" in f.path}
    is_compiled = any(COMPILER.search(f.value or "") for f in _requirements(written, package, "build"))
    is_called_so = is_compiled and written.resolved(named.value or "").startswith("lib")
    return is_called_so or bool({"lib", "include"} & contents)


def _requirements(written: Written, package: Path, kind: str) -> tuple[Field, ...]:
    own = written.scalars(*package, "requirements", kind)
    return own or written.scalars("requirements", kind)


def _pin(written: Written, named: Field) -> str:
    name = written.resolved(named.value or "")
    if written.recipe.dialect is Dialect.V1:
        return f"`requirements: {{run_exports: [\"${{{{ pin_subpackage('{name}', upper_bound='x') }}}}\"]}}`"
    return f"`build: {{run_exports: [\"{{{{ pin_subpackage('{name}', max_pin='x') }}}}\"]}}`"


def _noarch(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for package in written.packages():
        noarch = next((found for at in ((*package, "build"), package) if (found := written.first(*at, "noarch"))), None)
        fields = [f for kind in ("build", "host") for f in written.scalars(*package, "requirements", kind)]
        compiler = next((f for f in fields if COMPILER.search(f.value or "")), None)
        if noarch and noarch.value not in {None, "false"} and not noarch.condition and compiler:
            hint = "take `noarch` out, or the compiler"
            yield Spot.at(compiler, f"{_called(written, package)} is noarch and built with a compiler", hint)


def _host(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for package in dict.fromkeys(((), *written.packages())):
        for each in written.scalars(*package, "requirements", "host"):
            if COMPILER.search(each.value or ""):
                yield Spot.at(each, "a compiler is among the `host` requirements", "move it to `build`")


def _pip(subject: Subject) -> Iterator[Spot]:
    hint = "say `pip install . --no-deps --no-build-isolation`, and list in the recipe what it needs"
    message = "`pip install` may fetch what the recipe does not say"
    for path, line in _pips(subject):
        yield Spot(message=message, hint=hint, path=path, line=line)


def _pips(subject: Subject) -> Iterator[tuple[str, int]]:
    """(file, line) of each call of pip that may fetch more than it is told; an empty file is the recipe's own."""
    written = subject.written
    for field in written.fields:
        if field.value and "script" in field.path and not set(field.path) & {"test", "tests"}:
            start = written.text[: field.start].count("\n")
            raw = written.text[field.start : field.end]
            yield from (("", start + line) for line in _loose(raw))
    for file in subject.beside:
        if SCRIPTS.search(file.path):
            yield from ((file.path, line) for line in _loose(file.text))


def _loose(text: str) -> Iterator[int]:
    joined = re.sub(r"\\\n", "  ", text)  # as long as before; a continued command is one line
    for found in PIP.finditer(joined):
        start = joined.rfind("\n", 0, found.start()) + 1
        commented = "#" in joined[start : found.start()]
        if not commented and not TIGHT.search(found["rest"]):
            yield text.count("\n", 0, found.start()) + 1


RULES = (
    Rule(
        id="missing-tests",
        level=Level.WARNING,
        title="a package has no test",
        why="A package that is built and does not start is published like any other, and found by whoever installs it.",
        how="`tests:` with a script, an import or the files it must hold (`test:` in meta.yaml).",
        check=_tests,
    ),
    Rule(
        id="missing-run-exports",
        level=Level.WARNING,
        title="a library has no run_exports",
        why="What is built against it does not depend on it, or on no version: it breaks at the next release, at run "
        "time.",
        how="`run_exports` with `pin_subpackage`: `x` where the library keeps its promises for a major version, `x.x` "
        "where not.",
        check=_run_exports,
    ),
    Rule(
        id="noarch-compiler",
        level=Level.WARNING,
        title="a noarch package is built with a compiler",
        why="It is built on one machine and installed on all: machine code in it runs on that one kind alone.",
        how="Take `noarch` out, or the compiler.",
        check=_noarch,
    ),
    Rule(
        id="host-compiler",
        level=Level.WARNING,
        title="a compiler is among the host requirements",
        why="`host` is what the package runs on; a cross build gets a compiler there that does not start.",
        how="Move it to `build`.",
        check=_host,
    ),
    Rule(
        id="pip-dependencies",
        level=Level.WARNING,
        title="pip may fetch packages during the build",
        why="They are not pinned, not checked and not in the recipe, and they end up inside the package.",
        how="`--no-deps --no-build-isolation`, and each dependency as a requirement of the recipe.",
        check=_pip,
    ),
)
