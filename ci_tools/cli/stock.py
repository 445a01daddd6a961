"""What builds resolve against: the channel itself, fetched before anything is built, by whoever may read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_tools import documents, wiring
from ci_tools.cli.reading import TOKEN, channel_token
from ci_tools.config import LocalStoreConfig
from ci_tools.core import layout
from ci_tools.core.keyset import PublicName
from ci_tools.core.package import Subdir
from ci_tools.errors import TrustError, UsageError
from ci_tools.flows.prefetch import Errand, prefetch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig
    from ci_tools.core.plan import BuildPlan
    from ci_tools.flows.build import Bench
    from ci_tools.ports import Pantry

PANTRY = "channel"  # the folder of what was fetched, below the workspace's scratch
FETCHED = "fetched.json"  # beside it: what it was fetched for


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What `channel build --fetch` left for a `channel build` that has no token; `unread` says why it has nothing."""

    names: tuple[str, ...]
    generation: int
    unread: str = ""


def stocked(run: Run, bench: Bench, plan: BuildPlan, jobs: Sequence[str], *, only: bool = False) -> Bench:
    """The bench with the channel itself to resolve against, as far as these jobs may need it.

    Only this process reads it, and before anything is built: a build sees no credential, only folders. A process that
    is to have no credential either takes what one before it has fetched (`only`).
    """
    if isinstance(run.config.store, LocalStoreConfig):
        return _resolving(bench, _published(run.config, run.config.store))
    needy = [o for j in plan.jobs if j.subdir is bench.machine and (j.id in jobs or not jobs) for o in j.outputs]
    names = {name for output in needy for name in output.draws_on}
    if not names:
        return bench
    wanted = Fetched(names=tuple(sorted(names)), generation=plan.generation)
    pantry = wiring.pantry(bench.workspace.scratch / PANTRY)
    note = bench.workspace.scratch / FETCHED
    unread = None if only or channel_token(run) else _noted(note, wanted)
    if unread is None:
        unread = _fetched(run, bench, wanted, pantry)
    if only:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_bytes(documents.write(replace(wanted, unread=unread)))
    return replace(bench, unread=unread) if unread else _resolving(bench, pantry.url)


def _fetched(run: Run, bench: Bench, wanted: Fetched, pantry: Pantry) -> str:
    """Fill the pantry; why not, where it could not be."""
    token = channel_token(run)
    errand = Errand(
        names=wanted.names, machine=bench.machine, generation=wanted.generation, root=_root(run), now=run.now()
    )
    reasons = prefetch(errand, wiring.supplies(run.config, token), pantry, run.host)
    return "; ".join(reasons if token or not reasons else (*reasons, f"{TOKEN} is not set"))


def _noted(note: Path, wanted: Fetched) -> str | None:
    """Why nothing was fetched for exactly this, empty where it was; None where nobody has tried."""
    try:
        found = documents.read(Fetched, note.read_bytes(), str(note))
    except (OSError, UsageError):
        return None
    return found.unread if replace(found, unread="") == wanted else None


def _resolving(bench: Bench, channel: str) -> Bench:
    channels = (channel, *bench.workspace.channels) if channel else bench.workspace.channels
    return replace(bench, workspace=replace(bench.workspace, channels=channels))


def _published(config: ChannelConfig, store: LocalStoreConfig) -> str:
    """The channel in a folder, should something have been published to it."""
    folder = config.path(store.path).absolute()
    is_channel = (folder / Subdir.NOARCH / layout.REPODATA).is_file()  # CEP 26
    return folder.as_uri() if is_channel else ""


def _root(run: Run) -> bytes:
    body = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    if body is None:
        public = run.config.trust.public
        hint = f"commit the folder `{public}`, or say in channel.yaml below `trust:` where it is"
        raise TrustError(f"there is no `{PublicName.ROOT}` in `{public}` to verify the channel with", hint=hint)
    return body
