"""`channel build`: build and test what a plan asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.build_text import Builds, builds_text
from ci_tools.config import LocalStoreConfig
from ci_tools.core import layout
from ci_tools.core.keyset import PublicName
from ci_tools.core.package import Subdir
from ci_tools.core.plan import BuildPlan, Built
from ci_tools.core.secret import Secret
from ci_tools.core.tokens import parse_token
from ci_tools.errors import BuildError, TrustError, UsageError
from ci_tools.flows.build import Bench, build
from ci_tools.flows.prefetch import Errand, prefetch
from ci_tools.ports import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig
    from ci_tools.core.tokens import Token

TOKEN = "CHANNEL_TOKEN"  # noqa: S105 (the name of a variable: the token that builds read the channel with)
PANTRY = "channel"  # the folder of what was fetched, below the workspace's scratch


@click.command("build")
@click.option("--plan", "plan_path", type=click.Path(path_type=Path), default="plan.json", show_default=True,
              metavar="FILE", help="What `channel plan` wrote")  # fmt: skip
@click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this job of the plan; may be said again")
@click.option("--out", type=click.Path(path_type=Path), default="dist", show_default=True,
              metavar="FOLDER", help="Where each job's packages, logs and build.json go")  # fmt: skip
@click.pass_obj
def command(run: Run, plan_path: Path, jobs: tuple[str, ...], out: Path) -> None:
    """Build and test what a plan asks for, in order; without --job, every job that this machine can do.

    What an earlier run built from the same inputs is kept. A failure stops only what needs it, and ends with exit 4.
    """
    plan = _plan(plan_path)
    builds = Builds(jobs=build(plan, jobs, _stocked(run, _bench(run, out.absolute()), plan, jobs)))
    run.emit(builds, builds_text)
    outcomes = [outcome for report in builds.jobs for outcome in report.outcomes]
    missing = sum(not isinstance(outcome, Built) for outcome in outcomes)
    if missing:
        raise BuildError(
            f"{missing} of {len(outcomes)} packages were not built", hint=f"the whole logs are in {out}/<job>/logs"
        )


def _bench(run: Run, out: Path) -> Bench:
    config = run.config
    workspace = Workspace(
        repository=config.folder, scratch=out / ".work", collected=out,
        channels=config.recipes.upstream, timeout=config.build.timeout.total_seconds(),
    )  # fmt: skip
    return Bench(
        machine=wiring.machine(), backends=wiring.backends(config, run.env), workspace=workspace,
        outbox=wiring.outbox(out), host=run.host,
    )  # fmt: skip


def _stocked(run: Run, bench: Bench, plan: BuildPlan, jobs: Sequence[str]) -> Bench:
    """The bench with the channel itself to resolve against, as far as these jobs may need it.

    Only this process reads it, and before anything is built: a build sees no credential, only folders.
    """
    if isinstance(run.config.store, LocalStoreConfig):
        return _resolving(bench, _published(run.config, run.config.store))
    needy = [o for j in plan.jobs if j.subdir is bench.machine and (j.id in jobs or not jobs) for o in j.outputs]
    names = {name for output in needy for name in output.draws_on}
    if not names:
        return bench
    token = _token(run)
    errand = Errand(
        names=tuple(sorted(names)), machine=bench.machine, generation=plan.generation, root=_root(run), now=run.now()
    )
    pantry = wiring.pantry(bench.workspace.scratch / PANTRY)
    reasons = prefetch(errand, wiring.supplies(run.config, token), pantry, run.host)
    if reasons:
        return replace(bench, unread="; ".join(reasons if token else (*reasons, f"{TOKEN} is not set")))
    return _resolving(bench, pantry.url)


def _resolving(bench: Bench, channel: str) -> Bench:
    channels = (channel, *bench.workspace.channels) if channel else bench.workspace.channels
    return replace(bench, workspace=replace(bench.workspace, channels=channels))


def _published(config: ChannelConfig, store: LocalStoreConfig) -> str:
    """The channel in a folder, should something have been published to it."""
    folder = config.path(store.path).absolute()
    is_channel = (folder / Subdir.NOARCH / layout.REPODATA).is_file()  # CEP 26
    return folder.as_uri() if is_channel else ""


def _token(run: Run) -> Token | None:
    said = run.env.get(TOKEN, "").strip()
    if not said:
        return None
    run.host.mask(Secret(said))
    token = parse_token(said)
    if token is None:
        raise UsageError(f"what {TOKEN} holds is not a token", hint="set it to what `channel access token` printed")
    return token


def _root(run: Run) -> bytes:
    body = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    if body is None:
        public = run.config.trust.public
        hint = f"commit the folder `{public}`, or say in channel.yaml below `trust:` where it is"
        raise TrustError(f"there is no `{PublicName.ROOT}` in `{public}` to verify the channel with", hint=hint)
    return body


def _plan(path: Path) -> BuildPlan:
    try:
        body = path.read_bytes()
    except OSError as exc:
        raise UsageError(
            f"there is no plan at `{path}`", hint=f"make one: channel plan --out {path}", detail=str(exc)
        ) from exc
    return documents.read(BuildPlan, body, str(path))
