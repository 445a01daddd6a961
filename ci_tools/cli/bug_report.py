"""The file that a bug leaves behind: what ran, on what, and where it broke. Never a value of the environment."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from ci_tools.core.safe_text import masked, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = (
    "channelsmith",
    "boto3",
    "click",
    "cryptography",
    "py-rattler",
    "py-rattler-build",
    "pydantic",
    "sigstore",
    "tuf",
)


def write_report(error: BaseException, argv: Sequence[str]) -> Path:
    """Write the report to a new file in the temporary folder, for its owner only; returns where."""
    handle, name = tempfile.mkstemp(prefix="channel-bug-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(report(error, argv))
    return Path(name)


def report(error: BaseException, argv: Sequence[str]) -> str:
    """Command line, versions and trace; what looks like a secret is masked."""
    lines = [
        "channel " + " ".join(repr(word) if " " in word else word for word in argv),
        "",
        f"python {platform.python_version()} on {platform.system()} {platform.machine()}",
        *(f"{name} {_version(name)}" for name in PACKAGES),
        "",
        *traceback.format_exception(error),
    ]
    return printable(masked("\n".join(line.rstrip("\n") for line in lines))) + "\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"
