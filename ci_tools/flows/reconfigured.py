"""Reconfigured: what a span says otherwise of the values that recipes are built for, and of the machines."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ci_tools.core.planner import PlanSettings, Setup, Survey, machines_of
from ci_tools.core.variants import VARIANT_FILES, candidates, using
from ci_tools.core.wishes import Reconfigured
from ci_tools.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ci_tools.core.package import Subdir
    from ci_tools.core.recipe import Output, Recipe
    from ci_tools.core.variants import VariantTable
    from ci_tools.errors import Problem
    from ci_tools.ports import Renderer, Repository


def reconfigured(
    repository: Repository, renderer: Renderer, settings: PlanSettings, survey: Survey
) -> tuple[Reconfigured, tuple[Problem, ...]]:
    """Which recipes use a key whose values changed, and which machines are new; problems of variants files."""
    paths = {path for change in survey.changes.changes for path in (change.path, change.before) if path}
    before = _setup_before(repository, settings, survey, paths)
    files = {path for path in paths if _says_values(path, settings.variants, before.variants)}
    if not survey.changes.base or not (files or before != settings.setup):
        return Reconfigured(), ()
    machines = set(machines_of(settings.subdirs)) - set(machines_of(before.subdirs))
    comparison = _Comparison(repository, renderer, settings, survey, before)
    keys: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for group in _groups(survey.recipes):
        try:
            keys |= _changed_keys(comparison, group, survey)
        except RecipeError as exc:
            problems += exc.problems
    own = {recipe.directory for recipe in survey.recipes}
    shared = tuple(sorted(path for path in files if path.rpartition("/")[0] not in own))
    return Reconfigured(keys=keys, files=shared, machines=tuple(sorted(machines))), tuple(dict.fromkeys(problems))


def _setup_before(repository: Repository, settings: PlanSettings, survey: Survey, paths: Iterable[str]) -> Setup:
    """What channel.yaml said at the base of the range: what it says now, where it is not changed or was none."""
    if not survey.changes.base or settings.file not in paths:
        return settings.setup
    body = repository.read_at(survey.changes.base, settings.file)
    return (settings.read(body) if body is not None else None) or settings.setup


def _says_values(path: str, *named: str) -> bool:
    return path in named or path.rpartition("/")[2] in VARIANT_FILES


def _groups(recipes: Iterable[Recipe]) -> Iterable[tuple[Recipe, ...]]:
    """The recipes for which the same files can say values, apart from what lies in their own folders."""
    found: dict[str, list[Recipe]] = defaultdict(list)
    for recipe in recipes:
        found[recipe.directory.rpartition("/")[0]].append(recipe)
    return (tuple(group) for group in found.values())


class _Comparison:
    """The values at the base of the range and now, for the recipes of one folder after the other."""

    def __init__(
        self, repository: Repository, renderer: Renderer, settings: PlanSettings, survey: Survey, before: Setup
    ) -> None:
        self.repository, self.renderer, self.base = repository, renderer, survey.changes.base
        self.settings, self.before, self.present = settings, before, survey.tree.files
        self.known: dict[tuple[tuple[str, bytes], ...], Mapping[Subdir, VariantTable]] = {}

    def tables(self, folder: str) -> tuple[Mapping[Subdir, VariantTable], Mapping[Subdir, VariantTable]]:
        """Machine -> table, before and now, for recipes in `folder`."""
        old = ((path, self.repository.read_at(self.base, path)) for path in candidates(folder, self.before.variants))
        texts = tuple((path, body) for path, body in old if body is not None)
        now = (path for path in candidates(folder, self.settings.variants) if path in self.present)
        return self._read(texts), self._read(tuple((path, self.repository.read(path)) for path in now))

    def _read(self, texts: tuple[tuple[str, bytes], ...]) -> Mapping[Subdir, VariantTable]:
        machines = self.settings.machines
        if texts not in self.known:  # most folders have no file of their own
            self.known[texts] = dict(zip(machines, self.renderer.tables(texts, machines), strict=True))
        return self.known[texts]

    def text(self, recipe: Recipe) -> str:
        """The recipe as it is written."""
        return self.repository.read(recipe.file).decode("utf-8", "replace")


def _changed_keys(
    comparison: _Comparison, group: Sequence[Recipe], survey: Survey
) -> Mapping[str, tuple[str, ...]]:  # fmt: skip
    """Recipe directory -> the changed keys that it uses on some machine."""
    before, now = comparison.tables(group[0].directory.rpartition("/")[0])
    differ = [machine for machine in now if before[machine] != now[machine]]
    if not differ:
        return {}
    made: dict[tuple[Subdir, str], list[Output]] = defaultdict(list)
    for machine in differ:
        for output in survey.rendered.get(machine, ()):
            made[machine, output.recipe.directory].append(output)
    found: dict[str, tuple[str, ...]] = {}
    for recipe in group:
        text = comparison.text(recipe)
        keys = {key for m in differ for key in using(before[m], now[m], made[m, recipe.directory], text)}
        if keys:
            found[recipe.directory] = tuple(sorted(keys))
    return found
