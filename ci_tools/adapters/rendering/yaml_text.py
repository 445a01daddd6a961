"""YAML as conda's tools read it, with the place of what is wrong."""

from __future__ import annotations

from typing import Any

import yaml

from ci_tools.errors import Problem, RecipeError

LARGEST = 1 << 20  # bytes of a recipe or a variants file; the longest that people wrote has a tenth of it
DEEPEST = 100  # levels; a parser in C does not stop by itself
MOST_NODES = 100_000  # aliases included, which multiply


class _Texts(yaml.CSafeLoader):
    """Numbers stay as typed, so that a version 1.10 is not 1.1; `yes` and `true` are truths, as for conda-build."""


_Texts.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] in {"bool", "null", "merge"}]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def texts(text: str, path: str) -> Any:  # noqa: ANN401 (whatever the file holds)
    """What `text` says: mappings, lists, texts, truths and nothing. RecipeError with line and column."""
    return _loaded(text, path, _Texts)


def plain(text: str, path: str) -> Any:  # noqa: ANN401 (the same)
    """The same with every scalar as text."""
    return _loaded(text, path, yaml.CBaseLoader)


def _loaded(text: str, path: str, loader: type[yaml.CSafeLoader | yaml.CBaseLoader]) -> Any:  # noqa: ANN401 (the same)
    try:
        require_modest(text, path)
        return yaml.load(text, Loader=loader)  # noqa: S506 (both loaders are safe ones)
    except yaml.MarkedYAMLError as exc:
        raise RecipeError(syntax_problem(exc, path)) from exc
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        hint = "a recipe is text without control characters"
        raise RecipeError(Problem(message="not YAML", hint=hint, path=path, detail=str(exc))) from exc


def require_modest(text: str, path: str) -> None:
    """RecipeError where the text is deeper or larger than any recipe: asked before it is made into nodes."""
    depth = nodes = 0
    sizes: dict[str, int] = {}
    anchors: list[tuple[str, int]] = []
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        nodes += 1
        if isinstance(event, yaml.AliasEvent):
            nodes += sizes.get(event.anchor or "", 0)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
            anchors.append((event.anchor or "", nodes))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
            anchor, before = anchors.pop()
            sizes[anchor] = nodes - before
        if depth > DEEPEST or nodes > MOST_NODES:
            hint = "no recipe is that deep or that large: take aliases out"
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise RecipeError(Problem(message="it is too deep or too large", hint=hint, path=path, line=line))


def syntax_problem(exc: yaml.MarkedYAMLError, path: str) -> Problem:
    """What is wrong with the YAML of the file `path`, and where."""
    mark = exc.problem_mark or exc.context_mark
    said = " ".join(part for part in (exc.context, exc.problem) if part)
    hint = "mend the YAML; indentation is made of spaces, and `: `, `{` and `#` in text want quotes"
    if mark is None:
        return Problem(message=said, hint=hint, path=path)
    return Problem(message=said, hint=hint, path=path, line=mark.line + 1, column=mark.column + 1)
