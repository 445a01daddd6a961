"""An upstream channel in a folder with a `python` that is the running interpreter, and what builds wheels with it."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from packages import make_package

from ci_tools.adapters.builders.folder_index import index
from ci_tools.adapters.machine import subdir
from ci_tools.core.package import Subdir

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of the standard library, what no recipe here needs, or what belongs to another package.
LEFT_OUT = ("test", "idlelib", "lib2to3", "tkinter", "turtledemo", "ensurepip", "site-packages", "__pycache__")


def python_channel(folder: Path) -> str:
    """The URL of a channel with python, pip and flit-core, made of what runs these tests."""
    version = platform.python_version()
    line = ".".join(version.split(".")[:2])
    make_package(
        folder, "python", version, "0_cpython", 0, subdir(), files=dict(_python(line)),
        license="PSF-2.0", track_features=...,
    )  # fmt: skip
    for name, module in (("pip", "pip"), ("flit-core", "flit_core")):
        files = {f"site-packages/{path}": body for path, body in _module(module)}
        make_package(folder, name, "1.0", "pyh0_0", 0, Subdir.NOARCH, [f"python {line}.*"], files, noarch="python")
    index(folder)
    return folder.as_uri()


def _python(line: str) -> Iterator[tuple[str, bytes]]:
    binary = Path(os.path.realpath(sys.executable)).read_bytes()
    yield from ((f"bin/{name}", binary) for name in ("python", "python3", f"python{line}"))
    library = Path(sysconfig.get_config_var("LIBDIR") or "") / str(sysconfig.get_config_var("INSTSONAME"))
    if library.is_file():  # where the interpreter is a shared library
        yield f"lib/{library.name}", library.read_bytes()
    standard = Path(sysconfig.get_path("stdlib"))
    for path in standard.rglob("*"):
        parts = path.relative_to(standard).parts
        if path.is_file() and not set(parts) & set(LEFT_OUT) and not parts[0].startswith("config-"):
            yield f"lib/python{line}/{'/'.join(parts)}", path.read_bytes()
    yield f"lib/python{line}/site-packages/README.txt", b"packages go here\n"


def _module(name: str) -> Iterator[tuple[str, bytes]]:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()
