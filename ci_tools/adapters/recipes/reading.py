"""A recipe file as fields with their places, in any dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import yaml

from ci_tools.adapters.rendering.yaml_text import require_modest, syntax_problem
from ci_tools.core.recipe import Dialect
from ci_tools.core.written import Field, Path, Written
from ci_tools.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.core.recipe import Recipe

LARGEST = 1 << 20  # bytes
STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{[^\n]*?\}\}")
SELECTOR = re.compile(r"#.*?\[(?P<condition>[^\[\]]+)\]")
# conda-build takes a selector without a `#` as well; what stands behind `:`, `-` or `,` may be a list of YAML instead.
BARE = re.compile(
    r"[ \t]+(?:(?<=[^\s:,\[-][ \t])[ \t]*\[(?P<condition>[^\[\]\n#]+)\]"
    r"|\[(?P<words>(?:(?:not|and|or|linux\w*|osx|win\w*|unix|py\w*|[<>=!]=?|\d+)\s*)+)\])[ \t]*$",
    re.MULTILINE,
)
WINDOWS = re.compile(r"^.*\[\s*win(?:32|64)?\s*\][^\n\[\]]*$", re.MULTILINE)
BOA_SELECTOR = re.compile(r"sel\((.*)\)")


def read_recipe(recipe: Recipe, body: bytes) -> Written:
    """The fields of `recipe`, whose file holds `body`; problems instead where it is no YAML, with line and column."""
    text = body.decode("utf-8", "replace")
    reading = _Reading(text=text, lines=tuple(text.splitlines()), dialect=recipe.dialect)
    try:
        _require_text(recipe, body)
        node = _composed(text, recipe)
        fields = tuple(reading.fields(node, (), 0, "")) if node is not None else ()
    except RecipeError as exc:
        return Written(recipe=recipe, text=text, problems=exc.problems)
    except yaml.MarkedYAMLError as exc:
        return Written(recipe=recipe, text=text, problems=(syntax_problem(exc, recipe.file),))
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        hint = "a recipe is text without control characters"
        problem = Problem(message="not YAML", hint=hint, path=recipe.file, detail=str(exc))
        return Written(recipe=recipe, text=text, problems=(problem,))
    return Written(recipe=recipe, text=text, fields=fields)


def _composed(text: str, recipe: Recipe) -> yaml.Node | None:
    """The nodes of the whole text; of V0 without the lines for Windows where it is YAML only then (`%PYTHON% …`)."""
    said = _masked(text, recipe.dialect)
    try:
        require_modest(said, recipe.file)
        return yaml.compose(said, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError:
        elsewhere = WINDOWS.sub(lambda found: " " * len(found[0]), text)
        if recipe.dialect is not Dialect.V0 or elsewhere == text:
            raise
        return yaml.compose(_masked(elsewhere, recipe.dialect), Loader=yaml.CSafeLoader)


def _require_text(recipe: Recipe, body: bytes) -> None:
    if len(body) > LARGEST:
        hint = "a recipe is text that people read: fetch what is large by `url:`"
        raise RecipeError(Problem(message=f"the file has {len(body)} bytes", hint=hint, path=recipe.file))
    try:
        body.decode()
    except UnicodeDecodeError as exc:
        line = body.count(b"\n", 0, exc.start) + 1
        problem = Problem(message="the file is not UTF-8 text", hint="save it as UTF-8", path=recipe.file, line=line)
        raise RecipeError(problem) from exc


def _masked(text: str, dialect: Dialect) -> str:
    """`text` as YAML that keeps every place: statements of templates are blank, expressions are plain words."""
    blank = text
    if dialect is Dialect.V0:
        blank = STATEMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
        blank = BARE.sub(lambda found: " " * len(found[0]), blank)
    return EXPRESSION.sub(lambda found: re.sub(r"[^\n\w]", "_", found[0]), blank)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One file on its way to fields; `text` is as written."""

    text: str
    lines: tuple[str, ...]
    dialect: Dialect

    def fields(self, node: yaml.Node, path: Path, key_line: int, condition: str) -> Iterator[Field]:
        """The field of `node` and of what is in it."""
        mark, start, end = node.start_mark, node.start_mark.index, node.end_mark.index
        line = mark.line + 1
        value = self._value(node) if isinstance(node, yaml.ScalarNode) else None
        condition = condition or ("" if value is None else self._selector(line))
        yield Field(
            path=path, value=value, start=start, end=end, line=line, column=mark.column + 1,
            key_line=key_line or line, condition=condition,
        )  # fmt: skip
        if isinstance(node, yaml.MappingNode):
            yield from self._entries(node, path, condition)
        elif isinstance(node, yaml.SequenceNode):
            places = ((item, held) for child in node.value for item, held in _chosen(child, self.text, condition))
            for at, (item, held) in enumerate(places):
                yield from self.fields(item, (*path, at), 0, held)

    def _entries(self, node: yaml.MappingNode, path: Path, condition: str) -> Iterator[Field]:
        for key, value in node.value:
            name = self.text[key.start_mark.index : key.end_mark.index].strip("\"'")
            selected = BOA_SELECTOR.fullmatch(name)
            line = key.start_mark.line + 1
            if selected:
                yield from self.fields(value, path, line, selected[1])
            else:
                yield from self.fields(value, (*path, name), line, condition or self._selector(line))

    def _selector(self, line: int) -> str:
        if self.dialect is not Dialect.V0 or line > len(self.lines):
            return ""
        found = SELECTOR.search(self.lines[line - 1]) or BARE.search(self.lines[line - 1])
        return next(filter(None, found.groupdict().values()), "").strip() if found else ""

    def _value(self, node: yaml.ScalarNode) -> str:
        """What a scalar says, with its templates as written."""
        raw = self.text[node.start_mark.index : node.end_mark.index]
        if node.style in {"'", '"'}:
            return raw[1:-1]
        return dedent(raw.partition("\n")[2]) if node.style in {"|", ">"} else " ".join(raw.split())


def _chosen(node: yaml.Node, text: str, condition: str) -> Iterator[tuple[yaml.Node, str]]:
    """The items that an item of a list stands for, each with what must hold: `if:`, `then:`, `else:`, `sel(…):`."""
    if not isinstance(node, yaml.MappingNode):
        yield node, condition
        return
    parts = {text[k.start_mark.index : k.end_mark.index].strip("\"'"): v for k, v in node.value}
    selected = [(BOA_SELECTOR.fullmatch(name), value) for name, value in parts.items()]
    if "then" in parts and "if" in parts:
        said = text[parts["if"].start_mark.index : parts["if"].end_mark.index].strip("\"'")
        yield from _items(parts["then"], text, said)
        yield from _items(parts["else"], text, f"not ({said})") if "else" in parts else ()
    elif len(selected) == 1 and selected[0][0]:
        yield from _items(selected[0][1], text, selected[0][0][1])
    else:
        yield node, condition


def _items(node: yaml.Node, text: str, condition: str) -> Iterator[tuple[yaml.Node, str]]:
    children = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for child in children:
        yield from _chosen(child, text, condition)
