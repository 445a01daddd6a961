"""What a recipe says to this tool: `extra: channel: …`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ci_tools.core.bump.policy import policy
from ci_tools.core.lint.rule import Level, Rule, Spot, Subject
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = ("extra", "channel")
KEYS = ("bump", "needs", "skip-lints")
_PROGRAMS = """
    ar as autoconf automake autoreconf awk bash bazel bison c++ c89 c99 cabal cargo cc ccache cl clang clang++ cmake
    codesign composer curl docker dotnet dune emcc fc flex g++ gawk gcc gem gfortran ghc git gnat go gradle hg
    install_name_tool java javac julia latex ld ldd libtool libtoolize lld lua luajit m4 make makeinfo meson msbuild
    mvn nasm ninja nm node npm npx nvcc objcopy opam openssl otool patch patchelf pdflatex perl php pip pkg-config
    pkgconf pnpm podman powershell protoc pwsh python python3 qmake r ranlib rpm rscript rsync ruby runghc rustc
    rustup scons sed sh strip svn swift swiftc swig tar tclsh texi2any unzip vcpkg wget wish xcodebuild xcrun
    xelatex xz yacc yarn yasm zig zip zsh
"""
PROGRAMS = frozenset(_PROGRAMS.split())


def _keys(subject: Subject) -> Iterator[Spot]:
    written = subject.written
    for field in written.below(*SECTION):
        if len(field.path) == len(SECTION) + 1 and field.key not in KEYS:
            near = get_close_matches(str(field.key), KEYS, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(KEYS)}"
            yield Spot.at(field, f"`extra: channel: {field.key}` means nothing", hint)
    try:
        policy(written)
    except RecipeError as exc:
        yield from (Spot(message=p.message, hint=p.hint, line=p.line, column=p.column) for p in exc.problems)


def _needs(subject: Subject) -> Iterator[Spot]:
    for field in subject.written.scalars(*SECTION, "needs"):
        program = field.value or ""
        if program.lower() not in PROGRAMS and not subject.surroundings.has(program):
            near = get_close_matches(program.lower(), sorted(PROGRAMS), 1)
            hint = f"did you mean `{near[0]}`?" if near else "name the program as one calls it, without a path"
            yield Spot.at(field, f"`{program}` is no program that is known here", hint)


RULES = (
    Rule(
        id="unknown-key",
        level=Level.ERROR,
        title="the recipe says something to this tool that it does not understand",
        why="A key with a typo does nothing, and looks as if it did.",
        how=f"Below `extra: channel:` stand {', '.join(f'`{key}`' for key in KEYS)}.",
        check=_keys,
    ),
    Rule(
        id="unknown-need",
        level=Level.WARNING,
        title="the recipe needs a program that nobody knows",
        why="The plan skips a recipe where a program is missing: with a typo it is skipped everywhere, and no error "
        "says so.",
        how="Name each program as one calls it: `needs: [cc, make]`. For a rare one, skip the rule with that reason.",
        check=_needs,
    ),
)
