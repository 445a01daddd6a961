"""`channel plan`: what a git range means for the channel."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.adapters import machine
from ci_tools.cli.explanation_text import explanation_text
from ci_tools.cli.plan_text import plan_text
from ci_tools.config import Backend, parse_config
from ci_tools.core.changes import Everything, Push, Since, Span
from ci_tools.core.dependents import DependentsPolicy
from ci_tools.core.drawing import around, dot, drawing, mermaid
from ci_tools.core.keyset import PublicName
from ci_tools.core.package import Subdir
from ci_tools.core.planner import PlanSettings, Setup
from ci_tools.core.recipe import Dialect
from ci_tools.errors import Problem, RecipeError, UsageError
from ci_tools.flows.explain import explain as explain_
from ci_tools.flows.explain import weighed
from ci_tools.flows.plan import Means, plan
from ci_tools.flows.published import published

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.explanation import Weighed
    from ci_tools.core.plan import BuildPlan, Refusal
    from ci_tools.flows.published import Published
    from ci_tools.ports import Repository

LANGUAGES = {".mmd": lambda drawn: mermaid(around(drawn)), ".dot": dot}
# What a recipe.yaml is taken for that could be of several dialects: what is said to build it decides.
NEUTRAL = {Backend.RATTLER_BUILD: Dialect.V1}


@click.command("plan")
@click.option("--base", metavar="REF", help="Plan what changed since this branch or commit and --head parted")
@click.option("--before", metavar="COMMIT", help="Plan what a push changed; zeros or a replaced commit mean --missing")
@click.option("--head", metavar="REF", default="HEAD", show_default=True, help="The end of the range, checked out")
@click.option("--missing", is_flag=True, help="Plan everything that the channel lacks; the default without a range")
@click.option("--subdir", "subdirs", metavar="SUBDIR", multiple=True, help="Plan for this subdir only; may be repeated")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write plan.json here")
@click.option("--explain", metavar="NAME", help="Say of one recipe or package why it is built, skipped or refused")
@click.option("--graph", metavar="FILE", type=click.Path(path_type=Path), help="Draw the plan: FILE.mmd or FILE.dot")
@click.pass_obj
def command(
    run: Run,
    *,
    base: str | None,
    before: str | None,
    head: str,
    missing: bool,
    subdirs: tuple[str, ...],
    out: Path | None,
    explain: str | None,
    graph: Path | None,
) -> None:
    """Say what a git range would build, skip and refuse, and why.

    Exit code 3, after the plan was written, where something is refused; 0 where there is nothing to do.
    """
    span = _span(base, before, head, missing=missing)
    named = _subdirs(run, subdirs)
    known = held(run, named)
    if explain:
        _explain(run, span, named, known, explain)
    elif graph:
        tell(run, _drawn(run, span, named, known, graph), out)
    else:
        tell(run, planned(run, span, named, known), out)


def _explain(run: Run, span: Span, subdirs: tuple[Subdir, ...], held: Published, name: str) -> None:
    means, settings = _means(run), _settings(run, subdirs, held)
    found = explain_(means, settings, weighed(means, held.outputs, settings, span), name)
    run.emit(found, lambda value: explanation_text(value, verbose=run.verbose))


def _drawn(run: Run, span: Span, subdirs: tuple[Subdir, ...], held: Published, graph: Path) -> BuildPlan:
    """The plan, its graph written to a file in the language that the file's name says."""
    language = LANGUAGES.get(graph.suffix)
    if language is None:
        known = " or ".join(f"`{graph.stem}{suffix}`" for suffix in LANGUAGES)
        raise UsageError(f"`{graph}` says no language that draws", hint=f"name it {known}")
    found = weigh(run, span, subdirs, held)
    if not run.dry_run:
        write_file(graph, language(drawing(found)).encode())
    return found.plan


def tell(run: Run, plan: BuildPlan, out: Path | None) -> None:
    """Write the plan to `out` and say it; RecipeError, after that, where something is refused."""
    if out and not run.dry_run:
        write_file(out, documents.write(plan))
    run.host.say(plan_text(plan, verbose=run.verbose, width=_width(run)))
    run.emit(plan, lambda _: "")
    require_sound(plan)


def require_sound(plan: BuildPlan) -> None:
    """RecipeError where something is refused or wrong."""
    if plan.refusals or plan.problems:
        raise RecipeError(*plan.problems, *map(_problem, plan.refusals))


def _width(run: Run) -> int:
    """How wide the terminal is that narration goes to; 0 where it goes to none, and nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stderr.isatty() and not run.json else 0


def _span(base: str | None, before: str | None, head: str, *, missing: bool) -> Span:
    if sum((bool(base), bool(before), missing)) > 1:
        raise UsageError("--base, --before and --missing exclude each other", hint="choose one")
    if base:
        return Since(base=base, head=head)
    return Push(before=before, head=head) if before else Everything()


def _subdirs(run: Run, asked: tuple[str, ...]) -> tuple[Subdir, ...]:
    """Those of channel.yaml that were asked for, all of them where none were."""
    known = run.config.subdirs
    unknown = [name for name in asked if name not in set(known)]
    if unknown:
        hint = f"channel.yaml has {', '.join(known)}"
        raise UsageError(*(f"`{name}` is not a subdir of this channel" for name in unknown), hint=hint)
    return tuple(map(Subdir, asked)) or known


def held(run: Run, subdirs: tuple[Subdir, ...]) -> Published:
    """What the channel holds in these subdirs, read from its store."""
    root = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    return published(wiring.object_store(run.config, dry_run=True), root, subdirs, run.now())


def planned(
    run: Run, span: Span, subdirs: tuple[Subdir, ...], held: Published, *, heal: bool = False
) -> BuildPlan:  # fmt: skip
    """The plan for `span` against what is `held`; `heal` adds what the channel lacks."""
    return plan(_means(run), held.outputs, _settings(run, subdirs, held, heal=heal), span)


def weigh(run: Run, span: Span, subdirs: tuple[Subdir, ...], held: Published, *, heal: bool = False) -> Weighed:
    """The same with all that the plan was made from."""
    return weighed(_means(run), held.outputs, _settings(run, subdirs, held, heal=heal), span)


def _means(run: Run) -> Means:
    backends, renderer = wiring.backends(run.config, run.env), wiring.renderer(run.config, run.env)
    return Means(repository=repository_of(run), renderer=renderer, backends=backends)


def _settings(run: Run, subdirs: tuple[Subdir, ...], held: Published, *, heal: bool = False) -> PlanSettings:
    config = run.config
    return PlanSettings(
        channel=config.base_url,
        recipes=config.recipes.path,
        variants=config.recipes.variants,
        subdirs=subdirs,
        runners={subdir: config.build.runner(subdir) for subdir in subdirs},
        generation=held.generation,
        has=_has,
        heal=heal,
        dependents=DependentsPolicy(what=config.recipes.dependents, depth=config.recipes.depth),
        neutral=NEUTRAL.get(config.recipes.backend),
        network=config.build.network,
        file=run.config_path.name,
        read=_setup,
    )


def _setup(body: bytes) -> Setup | None:
    """What an older channel.yaml said of recipes; None where it does not hold for this version."""
    try:
        said = parse_config(body, "channel.yaml")
    except UsageError:
        return None
    return Setup(recipes=said.recipes.path, variants=said.recipes.variants, subdirs=said.subdirs)


def repository_of(run: Run) -> Repository:
    """The repository that channel.yaml is at the top of."""
    found = wiring.repository(run.config.folder, run.env)
    if found.root.resolve() != run.config.folder.resolve():
        hint = f"move it to {found.root}"
        raise UsageError(f"`{run.config_path}` is not at the top of the repository", hint=hint)
    return found


def _has(subdir: Subdir, program: str) -> bool:
    """Another machine is taken to have what its recipes need; its own build says so if not."""
    return subdir is not machine.subdir() or machine.has(program)


def write_file(out: Path, body: bytes) -> None:
    """Write `body` to `out`, whole or not at all; folders are made."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(f"{out.name}.part")
        part.write_bytes(body)
        os.replace(part, out)  # noqa: PTH105 (the call that is atomic, by its own name)
    except OSError as exc:
        raise UsageError(f"`{out}` cannot be written: {exc.strerror}", hint="name another file after --out") from exc


def _problem(refusal: Refusal) -> Problem:
    message = f"`{refusal.what}` is {refusal.reason.value}: {refusal.because}"
    return Problem(message=message, hint=refusal.hint, path=refusal.recipe)
