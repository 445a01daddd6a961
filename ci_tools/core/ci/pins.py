"""The table of pins, brought after workflow files that something like Dependabot has raised."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_tools.core.ci.workflow_file import WorkflowFile

PIN = re.compile(r"([\w.-]+/[\w.-]+)(?:/[^@]*)?@([0-9a-f]{40})")


def adopted(
    pins: Mapping[str, tuple[str, str]], files: Iterable[WorkflowFile]
) -> dict[str, tuple[str, str]]:  # fmt: skip
    """`pins` with the version and commit that all files agree on; an action that is not in the table stays out."""
    said: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for file in files:
        for _, uses, line in file.uses():
            if found := PIN.fullmatch(uses):
                said[found[1]].add((line.comment.split(" ")[0], found[2]))
    return {name: next(iter(said[name])) if len(said[name]) == 1 else pin for name, pin in pins.items()}


def pins_text(pins: Mapping[str, tuple[str, str]], before: str) -> str:
    """The file's text: the comment that stood on its top, and a line for each action."""
    head = "".join(line for line in before.splitlines(keepends=True) if line.startswith("#"))
    return head + "".join(f"{name}: {{version: {pin[0]}, sha: {pin[1]}}}\n" for name, pin in sorted(pins.items()))
