"""Reading workflow files: their values, and the line and comment of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ci_tools.core.ci.workflow_file import Line, WorkflowFile
from ci_tools.errors import Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_tools.core.ci.workflow_file import Where

FOLDERS = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".github/actions/**/action.yml")
PINS = ".github/pins.yaml"


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans: `on` is a key, not true."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def workflow_files(root: Path) -> tuple[WorkflowFile, ...]:
    """Every workflow and action below `root`; UsageError lists those that do not parse."""
    found: list[WorkflowFile] = []
    problems: list[Problem] = []
    for path in sorted(path for pattern in FOLDERS for path in root.glob(pattern)):
        try:
            found.append(read_workflow(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()))
        except UsageError as exc:
            problems.extend(exc.problems)
    if problems:
        raise UsageError(*problems)
    return tuple(found)


def read_workflow(text: str, path: str) -> WorkflowFile:
    """The file with this text; UsageError with the line where it does not parse."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        body = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 0
        raise UsageError(Problem(message=f"not YAML: {exc.problem}", path=path, line=line)) from exc
    if not isinstance(body, dict):
        raise UsageError(Problem(message="not a workflow", path=path, line=1))
    return WorkflowFile(path=path, body=body, lines=dict(_lines(node, (), text.splitlines())))


def read_pins(root: Path) -> dict[str, tuple[str, str]]:
    """The table of pins: action -> version and commit."""
    try:
        table = yaml.safe_load((root / PINS).read_text(encoding="utf-8"))
        return {str(name): (str(pin["version"]), str(pin["sha"])) for name, pin in table.items()}
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError) as exc:
        hint = "a line for each action: `owner/name: {version: v1.2.3, sha: …}`"
        raise UsageError(f"`{PINS}` is no table of pins", hint=hint, detail=str(exc)) from exc


def _lines(node: Any, where: Where, text: list[str]) -> Iterator[tuple[Where, Line]]:  # noqa: ANN401 (PyYAML's nodes)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*where, key.value)
            yield below, _line(key, text)
            yield from _lines(value, below, text)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*where, number), _line(value, text)
            yield from _lines(value, (*where, number), text)


def _line(node: Any, text: list[str]) -> Line:  # noqa: ANN401 (the same)
    number = node.start_mark.line
    return Line(number=number + 1, comment=text[number].partition(" # ")[2].strip() if number < len(text) else "")
