"""`channel import`: packages of another channel into this one; how a team moves in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.adapters.match_specs import matches, trouble
from ci_tools.cli.import_text import imported_text, plan_text
from ci_tools.cli.writing import setting_of
from ci_tools.core.importing import ImportRequest
from ci_tools.core.package import Subdir
from ci_tools.errors import Problem, StoreError, UsageError
from ci_tools.flows.import_channel import Origin, choose, import_channel
from ci_tools.flows.report import report

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.importing import ImportPlan
    from ci_tools.core.receipt import RunReport


@click.command("import")
@click.argument("source", metavar="URL|DIR")
@click.argument("specs", metavar="[MATCHSPEC]…", nargs=-1)
@click.option("--with-dependencies", is_flag=True, help="Bring what they depend on too, the newest that will do")
@click.option(
    "--subdir", "subdirs", multiple=True, metavar="SUBDIR", type=click.Choice([s.value for s in Subdir]),
    help="Only from there [those of channel.yaml]",
)  # fmt: skip
@click.pass_obj
def command(
    run: Run, source: str, specs: tuple[str, ...], *, with_dependencies: bool, subdirs: tuple[str, ...]
) -> None:
    """Bring packages of a channel that serves repodata into this one: all of them, or those that a MATCHSPEC means.

    A token or a user and password may be part of the URL; neither is shown or kept. Each package is compared with its
    record, attested as imported by this channel, and all are indexed in one generation. Whatever cannot come is listed
    with its reason. Run it again after an interruption: what is here already is not fetched again.
    """
    _require_specs(specs)
    setting = setting_of(run, "import")
    wanted = tuple(map(Subdir, subdirs)) or run.config.indexed_subdirs
    origin = Origin(source=wiring.foreign_source(source), subdirs=wanted)
    with run.host.group("read the other channel"):
        plan = choose(origin, ImportRequest(specs=specs, with_dependencies=with_dependencies), matches, setting)
    if run.dry_run:  # what would be brought is known; fetching it all to throw it away would help nobody
        run.emit(plan, lambda value: plan_text(value, verbose=run.verbose))
        return
    press = wiring.press(run.config, run.env, setting, run.host, dry_run=run.dry_run)
    done = import_channel(plan, origin, setting, press)
    report(done, run.host)
    run.emit(done, lambda value: imported_text(value, plan, verbose=run.verbose))
    _require_all(done, plan)


def _require_specs(specs: tuple[str, ...]) -> None:
    problems = [Problem(message=f"`{spec}` is not a match spec: {why}") for spec in specs if (why := trouble(spec))]
    if problems:
        raise UsageError(*problems, hint="as in `numpy >=1.20,<1.22`")


def _require_all(done: RunReport, plan: ImportPlan) -> None:
    problems = [Problem(message=f"`{r.what}` {r.because}", hint=r.hint) for r in done.refused]
    problems += [Problem(message=f"nothing at {plan.source} or here satisfies `{spec}`") for spec in plan.missing]
    if problems:
        raise StoreError(*problems)
