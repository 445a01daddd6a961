"""Who is told how it goes, and what machine and repository this is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ci_tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_tools.core.package import Subdir
    from ci_tools.core.receipt import Cause
    from ci_tools.ports import CodeHost, Repository
    from ci_tools.ports.forges import Forge


def host(env: Mapping[str, str], verbosity: int = 0) -> CodeHost:
    """Who is told how it goes, on stderr."""
    if env.get("GITHUB_ACTIONS") == "true":
        from ci_tools.adapters.hosts.github import GitHub

        return GitHub(sys.stderr, env, verbosity=verbosity)
    from ci_tools.adapters.hosts.terminal import Terminal

    return Terminal(sys.stderr, env, verbosity=verbosity)


def machine() -> Subdir:
    """The subdir of this machine."""
    from ci_tools.adapters import machine as this

    return this.subdir()


def processors() -> int:
    """How many builds this machine can do side by side."""
    from ci_tools.adapters import machine as this

    return this.processors()


def repository(folder: Path, env: Mapping[str, str], *, dry_run: bool = False) -> Repository:
    """The git repository around `folder`; in a dry run one whose files are only written in memory."""
    from ci_tools.adapters.git import GitRepository

    found = GitRepository(folder, env)
    if dry_run:
        from ci_tools.adapters.unwritten import UnwrittenRepository

        return UnwrittenRepository(found)
    return found


def cause(commit: str, env: Mapping[str, str], what: str = "publish") -> Cause:
    """Who wants a new generation, and why: the run of a code host, or a person at a machine."""
    from ci_tools.adapters import machine as this
    from ci_tools.core.receipt import Cause

    place = f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs"
    run = f"{place}/{env['GITHUB_RUN_ID']}" if env.get("GITHUB_RUN_ID") else ""
    return Cause(commit=commit, run=run, who=env.get("GITHUB_ACTOR") or this.person(), what=what)


def forge(env: Mapping[str, str]) -> Forge:
    """The place of this repository where pull requests are talked about, as the run's token may speak to it."""
    from ci_tools.adapters.forges.github import API, GitHubForge
    from ci_tools.core.secret import Secret

    missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not env.get(name)]
    if missing:
        raise UsageError(*(f"{name} is not set" for name in missing), hint="hand the step `GITHUB_TOKEN` by `env:`")
    return GitHubForge(
        env["GITHUB_REPOSITORY"], Secret(env["GITHUB_TOKEN"]), api=env.get("GITHUB_API_URL") or API,
        author=env.get("CHANNEL_BOT") or "github-actions[bot]", pause=float(env.get("CHANNEL_FORGE_PAUSE") or 1.0),
    )  # fmt: skip
