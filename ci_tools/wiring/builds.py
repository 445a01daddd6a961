"""What renders and builds, and what builds take from and leave to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.wiring.stores import kept_store, source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ci_tools.adapters.builders.installations import Installation
    from ci_tools.config import ChannelConfig, Program
    from ci_tools.core.diagnosis import BackendState
    from ci_tools.core.package import Subdir
    from ci_tools.core.package_report import PackageReport
    from ci_tools.core.plan import PlannedOutput
    from ci_tools.core.tokens import Token
    from ci_tools.flows.prefetch import Supply
    from ci_tools.ports import BuildBackend, ChannelSource, Outbox, Pantry, Renderer, Workspace


def backends(config: ChannelConfig, env: Mapping[str, str]) -> tuple[BuildBackend, ...]:
    """The programs that build, the first that claims a recipe before the others.

    V1 is always rattler-build's and boa's dialect always boa's; `recipes: {backend: …}` says who builds V0.
    """
    from ci_tools.adapters.builders import boa, conda_build
    from ci_tools.adapters.builders.rattler_build import RattlerBuild
    from ci_tools.config import Backend, Program

    rattler_build = RattlerBuild(root=config.folder, env=env, variants=config.recipes.variants)
    chosen = config.recipes.backend
    if chosen is Backend.RATTLER_BUILD:
        return (rattler_build,)
    settings, installed = (env, config.recipes.variants), programs(config, env)
    of_boa = installed[Program.BOA]
    if chosen is Backend.BOA:
        of_v0 = conda_build.mambabuild(of_boa, *settings)
    else:
        of_v0 = conda_build.conda_build(installed[Program.CONDA_BUILD], *settings)
    return (rattler_build, of_v0, boa.boa(of_boa, *settings))


def programs(config: ChannelConfig, env: Mapping[str, str]) -> Mapping[Program, Installation | None]:
    """Where conda-build and boa are on this machine. UsageError where channel.yaml names a place that holds none."""
    from ci_tools.adapters.builders.installations import installation
    from ci_tools.config import Program

    def found(program: Program) -> Installation | None:
        named = config.build.backends.get(program)
        return installation(program, config.path(named.prefix) if named else None, env)

    return {program: found(program) for program in Program}


def renderer(config: ChannelConfig, env: Mapping[str, str]) -> Renderer:
    """What tells what recipes make. What it found out is kept in the user's cache folder, should there be one."""
    from pathlib import Path

    from ci_tools.adapters.rendering.cache import RenderingCache
    from ci_tools.adapters.rendering.processes import RenderingProcesses

    home = env.get("HOME", "")
    folder = env.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    cache = RenderingCache(Path(folder) / "channelsmith" / "renderings.sqlite") if folder else None
    return RenderingProcesses(root=config.folder, env=env, cache=cache)


def outbox(folder: Path) -> Outbox:
    """Where build jobs leave what they made."""
    from ci_tools.adapters.outbox import FolderOutbox

    return FolderOutbox(root=folder)


def pantry(folder: Path) -> Pantry:
    """Where what builds need of the channel is kept for them."""
    from ci_tools.adapters.pantry import FolderPantry

    return FolderPantry(root=folder)


def supplies(config: ChannelConfig, token: Token | None) -> tuple[Callable[[], Supply], ...]:
    """The ways in which this process may read the channel, the best first; opening one may fail."""
    from ci_tools.adapters.sources.stored import StoredSource
    from ci_tools.core.tokens import with_token
    from ci_tools.flows.prefetch import Supply

    def own() -> Supply:
        store = kept_store(config)
        return Supply(source=StoredSource(store, config.base_url), store=store)

    return (own, lambda: Supply(source=source(with_token(config.base_url, token).reveal()))) if token else (own,)


def backend_states(config: ChannelConfig, env: Mapping[str, str]) -> tuple[BackendState, ...]:
    """Every back end that this channel may use, here or not."""
    from ci_tools.adapters.builders.installations import how_to_get
    from ci_tools.adapters.builders.rattler_build import RattlerBuild
    from ci_tools.config import Backend, Program
    from ci_tools.core.diagnosis import BackendState

    name, _, version = RattlerBuild(root=config.folder).version.partition(" ")
    states = [BackendState(name=name, builds="recipe.yaml, CEP 13 (v1)", version=version, where="part of channel")]
    by_boa = config.recipes.backend is Backend.BOA
    builds = {
        Program.CONDA_BUILD: "meta.yaml (v0)" + ("; not asked here: channel.yaml says boa" if by_boa else ""),
        Program.BOA: "its own recipe.yaml (boa)" + (", meta.yaml (v0)" if by_boa else ""),
    }
    for program, found in programs(config, env).items():
        version, where = (found.version, str(found.prefix)) if found else ("", "")
        how = "" if found else how_to_get(program)
        states.append(BackendState(name=program, builds=builds[program], version=version, where=where, how=how))
    return tuple(states)


def confines() -> bool:
    """Whether builds on this machine can be kept to their folder, and from the network."""
    from ci_tools.adapters import process

    return process.confines()


def work_folder(output: PlannedOutput, workspace: Workspace) -> Path:
    """Where an output is built."""
    from ci_tools.adapters.builders import attempt

    return attempt.work_folder(output, workspace)


def enter(output: PlannedOutput, workspace: Workspace, env: Mapping[str, str]) -> bool:
    """Hand the terminal to a shell in the environment of a failed build; False where there is none."""
    from ci_tools.adapters.builders import shell

    return shell.enter(output, workspace, env)


def own_source(config: ChannelConfig) -> ChannelSource:
    """The channel itself, as its owner reads it."""
    from ci_tools.adapters.sources.stored import StoredSource

    return StoredSource(kept_store(config), config.base_url)


def inspected(path: Path, subdir: Subdir) -> PackageReport:
    """What is in the package at `path`."""
    from ci_tools.adapters import inspection

    return inspection.inspected(path, subdir)
