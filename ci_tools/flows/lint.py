"""Lint: every rule asked of the recipes, and what can be mended by itself mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from ci_tools.core import mistakes
from ci_tools.core.assignments import assignments
from ci_tools.core.changes import Everything, Span
from ci_tools.core.edits import applied
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.lint.rule import (
    Beside,
    Finding,
    Level,
    LintReport,
    Subject,
    Surroundings,
    Upstream,
    written_names,
)
from ci_tools.core.lint.verdict import levelled, of_problem, verdict
from ci_tools.core.ownership import owned, readable, touched
from ci_tools.core.package import Subdir
from ci_tools.core.planner import PlanSettings, Survey, decide
from ci_tools.core.recipe import Output, Recipe
from ci_tools.core.tree import LINK
from ci_tools.core.written import Written
from ci_tools.errors import Problem, UsageError
from ci_tools.flows.detect import Detected, detect
from ci_tools.ports import Renderer, Repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.lint.verdict import Verdict
    from ci_tools.core.plan import BuildPlan, Refusal

LARGEST = 1 << 20  # bytes of a file that is looked into
REGULAR = "100"  # how git's modes of files begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What lint works with. `published` is None where the channel could not be asked; `unasked` says so.

    `names` are the recipes that were asked for, by name, folder or file; all that `span` touches where there are none.
    """

    repository: Repository
    renderer: Renderer
    read: Callable[[Recipe, bytes], Written]
    settings: PlanSettings
    published: Mapping[Subdir, Sequence[PublishedOutput]] | None
    upstream: Upstream = field(default_factory=Upstream)
    levels: Mapping[str, Level | None] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    span: Span = field(default_factory=Everything)
    unasked: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What is known of the repository: every recipe as written, those asked for as rendered."""

    found: Detected
    written: dict[Recipe, Written]
    asked: tuple[Recipe, ...]
    rendered: dict[Subdir, tuple[Output, ...]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def lint(desk: Desk, *, mend: bool = False) -> LintReport:
    """What the rules find. With `mend`, what can be mended is, in the working tree, and what is left is reported."""
    found = detect(desk.repository, desk.settings.recipes, desk.span)
    written = {recipe: desk.read(recipe, desk.repository.read(recipe.file)) for recipe in found.recipes}
    seen = _Seen(found=found, written=written, asked=_asked(desk, found), problems=list(found.problems))
    _render(desk, seen)
    refusals = _refusals(desk, seen)
    around = _surroundings(desk, seen, refusals)
    subjects = [_subject(desk, seen, recipe, around) for recipe in seen.asked]
    verdicts = [levelled(verdict(subject), desk.levels) for subject in subjects]
    fixed = tuple(
        s.written.recipe.file for s, v in zip(subjects, verdicts, strict=True) if mend and _mended(desk, s, v)
    )
    if fixed:
        again = lint(replace(desk, names=desk.names or tuple(recipe.directory for recipe in seen.asked)))
        return replace(again, fixed=fixed)
    findings = [*chain.from_iterable(v.findings for v in verdicts), *_of_no_recipe(desk, found)]
    return LintReport(
        recipes=len(subjects),
        findings=tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column))),
        waived=tuple(chain.from_iterable(v.waived for v in verdicts)),
        unasked=desk.unasked,
    )


def _of_no_recipe(desk: Desk, found: Detected) -> Iterable[Finding]:
    """What is wrong with folders that are no recipe because of it, where all are asked about."""
    if desk.names:
        return ()
    stray = (p for p in found.problems if not any(_blamed(recipe, [p]) for recipe in found.recipes))
    return (of_problem(problem) for problem in stray)


def _asked(desk: Desk, found: Detected) -> tuple[Recipe, ...]:
    if not desk.names:
        if not found.changes.base:
            return found.recipes
        changed, _ = touched(found.changes.changes, found.recipes, {})
        return tuple(recipe for recipe in found.recipes if recipe.directory in changed)
    return asked_for(desk.names, found.recipes)


def asked_for(names: Sequence[str], recipes: Sequence[Recipe]) -> tuple[Recipe, ...]:
    """The recipes with these names, folders or files. UsageError names those that are none."""
    wanted = {name.rstrip("/").removeprefix("./") for name in names}
    chosen = tuple(r for r in recipes if wanted & {r.name, r.directory, r.file})
    unknown = wanted - {each for r in chosen for each in (r.name, r.directory, r.file)}
    if unknown:
        raise UsageError(*(f"there is no recipe `{name}`" for name in sorted(unknown)), hint="name it, or its folder")
    return chosen


def _render(desk: Desk, seen: _Seen) -> None:
    sound = tuple(recipe for recipe in seen.asked if not seen.written[recipe].problems)
    settings = desk.settings
    asked = assignments(seen.found.tree, sound, settings.machines, settings.variants, seen.found.doubts)
    renderings = desk.renderer.render(asked)
    for machine in settings.machines:
        seen.rendered[machine] = tuple(o for each in renderings if each.machine is machine for o in each.outputs)
    seen.problems += dict.fromkeys(problem for each in renderings for problem in each.problems)


def _refusals(desk: Desk, seen: _Seen) -> Mapping[str, tuple[Refusal, ...]]:
    """What the plan of everything refuses. What it finds wrong with a recipe is kept, and that recipe left out."""
    made, below = tuple(chain.from_iterable(seen.rendered.values())), desk.settings.recipes
    known = tuple(mistakes.clashes(made).values())
    misnamed = (mistakes.misnamed(r, name, seen.written[r].text) for r, name in mistakes.suspects(made, below).items())
    seen.problems += filter(None, misnamed)
    left = tuple(r for r in seen.asked if not seen.written[r].problems and not _blamed(r, seen.problems))
    plan = _planned(desk, seen, left)
    seen.problems += [problem for problem in plan.problems if problem not in known]
    found: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in plan.refusals:
        found[refusal.recipe].append(refusal)
    return {directory: tuple(refusals) for directory, refusals in found.items()}


def _blamed(recipe: Recipe, problems: Iterable[Problem]) -> bool:
    return any(p.path == recipe.directory or p.path.startswith(f"{recipe.directory}/") for p in problems)


def _planned(desk: Desk, seen: _Seen, recipes: tuple[Recipe, ...]) -> BuildPlan:
    kept = set(recipes)
    rendered = {m: tuple(o for o in outputs if o.recipe in kept) for m, outputs in seen.rendered.items()}
    changes = replace(seen.found.changes, base="")
    survey = Survey(changes=changes, tree=seen.found.tree, recipes=recipes, rendered=rendered)
    return decide(survey, desk.published or {}, desk.settings)


def _surroundings(desk: Desk, seen: _Seen, refusals: Mapping[str, tuple[Refusal, ...]]) -> Surroundings:
    makers: dict[str, set[str]] = defaultdict(set)
    for recipe, written in seen.written.items():
        for name in written_names(written):
            makers[name].add(recipe.file)
    for output in chain.from_iterable(seen.rendered.values()):
        makers[output.filename.dist.name].add(output.recipe.file)
    published: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for held in chain.from_iterable((desk.published or {}).values()):
        published[held.filename.dist.name].append((held.filename.dist.version, held.build_number))
    clashes = mistakes.clashes(chain.from_iterable(seen.rendered.values()))
    clashing = {recipe.file for recipes in clashes for recipe in recipes}
    machine = desk.settings.machines[0]
    return Surroundings(
        makers=makers,
        shared=frozenset(n for n, m in makers.items() if _is_shared(n, m) and not m & clashing),
        published=None if desk.published is None else published,
        refusals=refusals,
        upstream=desk.upstream,
        has=lambda program: desk.settings.has(machine, program),
    )


def _is_shared(name: str, makers: set[str]) -> bool:
    """Whether the recipes that make the package lie in one folder that is called like it, a version each."""
    folders = [file.rpartition("/")[0] for file in makers]
    return len(folders) > 1 and mistakes.under_one_umbrella(name, folders)


def _subject(desk: Desk, seen: _Seen, recipe: Recipe, around: Surroundings) -> Subject:
    own = owned(seen.found.tree.under(recipe.directory), [recipe])[recipe.directory]
    others = {r.directory for r in seen.found.recipes if r.directory.startswith(f"{recipe.directory}/")}
    files = (path for path, entry in own.items() if entry.startswith(REGULAR) and not entry.startswith(LINK))
    return Subject(
        written=seen.written[recipe],
        outputs=tuple(o for outputs in seen.rendered.values() for o in outputs if o.recipe == recipe),
        beside=tuple(_beside(desk, path) for path in files if path != recipe.file and not _below(path, others)),
        problems=tuple(dict.fromkeys(p for p in seen.problems if _blamed(recipe, [p]))),
        surroundings=around,
    )


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _beside(desk: Desk, path: str) -> Beside:
    body = desk.repository.read(path)
    is_text = len(body) <= LARGEST and b"\0" not in body
    return Beside(path=readable(path), size=len(body), text=body.decode("utf-8", "replace") if is_text else "")


def _mended(desk: Desk, subject: Subject, found: Verdict) -> bool:
    """Whether the recipe's file was changed. What could be read before must be readable after."""
    written = subject.written
    text = applied(written.text, found.edits)
    if text == written.text:
        return False
    again = desk.read(written.recipe, text.encode())
    if again.problems:
        return False
    desk.repository.write(written.recipe.file, text.encode())
    return True
