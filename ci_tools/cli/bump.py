"""`channel bump`: new versions of what recipes build, written into them or proposed as pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.cli.bump_text import bump_text, summary
from ci_tools.cli.plan import repository_of
from ci_tools.core.bump import proposal
from ci_tools.core.bump.origins import Places
from ci_tools.core.bump.outcome import BumpReport, Left
from ci_tools.core.changes import Everything
from ci_tools.errors import RemoteError
from ci_tools.flows.bump import Errand, bump
from ci_tools.flows.detect import detect
from ci_tools.flows.lint import asked_for
from ci_tools.ports.forges import Proposal

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.bump.outcome import Bumped
    from ci_tools.core.recipe import Recipe
    from ci_tools.ports import Repository


@click.command("bump")
@click.argument("recipes", metavar="[RECIPE]…", nargs=-1)
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="So many new versions in one run [bump: most]")
@click.option("--propose", is_flag=True, help="Open a pull request for each, instead of writing into the working tree")
@click.option("--base", metavar="BRANCH", help="Where --propose asks to merge to [the branch of this run, or main]")
@click.pass_obj
def command(run: Run, *, recipes: tuple[str, ...], most: int | None, propose: bool, base: str | None) -> None:
    """Look for new versions upstream, and write version, digests and build number into the recipes.

    Looks where the source's own address says: an index of Python packages, releases and tags of a repository, a page
    with links. A recipe says otherwise by `extra: {channel: {bump: {off: REASON, versions: '<2', from: URL}}}`.
    """
    repository = repository_of(run)
    wanted = _recipes(run, repository, recipes)
    errand = Errand(
        repository=repository,
        read=wiring.read_recipe,
        fill=wiring.fill_templates,
        web=wiring.web(run.env),
        places=Places(index=run.config.bump.index, apis={**run.config.bump.apis, **_api(run)}),
        now=run.now(),
        most=most or run.config.bump.most,
    )
    with run.host.progress("looking for new versions", len(wanted), "recipes") as done:
        report = BumpReport(outcomes=bump(errand, wanted, lambda: done(1)))
    target = base or run.env.get("GITHUB_REF_NAME") or "main"
    report = _proposed(run, report, target) if propose else _written(run, report, repository)
    run.emit(report, lambda found: bump_text(found, verbose=run.verbose))
    run.host.say(summary(report, dry_run=run.dry_run, propose=propose))
    _require_answers(report)


def _recipes(run: Run, repository: Repository, names: tuple[str, ...]) -> tuple[Recipe, ...]:
    found = detect(repository, run.config.recipes.path, Everything())
    return asked_for(names, found.recipes) if names else found.recipes


def _api(run: Run) -> dict[str, str]:
    """The API of the code host that this run is on: an Enterprise has one of its own."""
    server, api = run.env.get("GITHUB_SERVER_URL", ""), run.env.get("GITHUB_API_URL", "")
    return {server.partition("://")[2]: api} if server and api else {}


def _written(run: Run, report: BumpReport, repository: Repository) -> BumpReport:
    """The files as bumped, in the working tree."""
    for bumped in () if run.dry_run else report.bumped():
        repository.write(bumped.file, bumped.text.encode())
    return report


def _proposed(run: Run, report: BumpReport, base: str) -> BumpReport:
    """One pull request for each; what is there already is brought up to date."""
    if run.dry_run or not report.bumped():
        return report
    forge = wiring.forge(run.env)
    pulls = tuple((bumped.recipe, forge.propose(_proposal(bumped, base))) for bumped in report.bumped())
    return BumpReport(outcomes=report.outcomes, pulls=pulls)


def _proposal(bumped: Bumped, base: str) -> Proposal:
    return Proposal(
        branch=proposal.branch(bumped),
        base=base,
        title=proposal.title(bumped),
        body=proposal.body(bumped),
        files={bumped.file: bumped.text.encode()},
    )


def _require_answers(report: BumpReport) -> None:
    """RemoteError where nobody could be asked about anything: then it is the network, and no recipe."""
    left = [o for o in report.outcomes if isinstance(o, Left) and not o.is_meant]
    if left and len(left) == len(report.outcomes) and len(left) > 1:
        raise RemoteError("nothing was found out about any recipe", hint="is the network there? -v says what each said")
