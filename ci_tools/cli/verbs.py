"""The command `channel`: a table of verbs, each loaded when it is called, and the options that all of them take."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

# In the order of the work. The line is what `channel --help` shows, at no import; a group's ends in its verbs.
VERBS = {
    "lint": ("ci_tools.cli.lint", "What is wrong with recipes, before anything is built"),
    "plan": ("ci_tools.cli.plan", "What a git range would build, skip and refuse, and why"),
    "build": ("ci_tools.cli.build", "Build and test what a plan asks for"),
    "report": ("ci_tools.cli.report", "What packages hold, and what they change against the published ones"),
    "publish": ("ci_tools.cli.publish", "Check, sign, upload and index packages, in one transaction"),
    "bump": ("ci_tools.cli.bump", "New versions of what recipes build, written into them or proposed"),
    "import": ("ci_tools.cli.import_", "Bring packages of another channel into this one"),
    "yank": ("ci_tools.cli.yank", "Withdraw a published package: it leaves the index, its file stays"),
    "unyank": ("ci_tools.cli.unyank", "Take a yank back"),
    "verify": ("ci_tools.cli.verify", "Check a channel from its pinned root down to the bytes of a package"),
    "sbom": ("ci_tools.cli.sbom", "The bill of materials of an environment or a lock: SPDX, CycloneDX"),
    "serve": ("ci_tools.cli.serve", "Serve the channel on this machine, as its edge would"),
    "keys": (
        "ci_tools.cli.keys",
        "The channel's keys: init, list, make, rotate, revoke, sign-root, publish-root",
    ),
    "access": (
        "ci_tools.cli.access",
        "Who may read it until when: token, grant, revoke, list, sync, setup, cookie, rotate",
    ),
    "index": (
        "ci_tools.cli.index",
        "The index: status, history, check, patches, refresh, compact, rebuild, rollback, gc",
    ),
    "ci": (
        "ci_tools.cli.ci",
        (
            "What only a run on a code host needs: "
            "published, lint, plan, gather, promote, rehearse, comment, preview, preview-remove, health, check"
        ),
    ),
    "init": ("ci_tools.cli.init", "A new channel repository, or what of one is out of date"),
    "infrastructure": ("ci_tools.cli.infrastructure", "What the channel is in an AWS account: show, diff, deploy"),
    "config": ("ci_tools.cli.config", "The file channel.yaml: check, schema"),
    "doctor": ("ci_tools.cli.doctor", "What this machine can build, and how to get what it lacks"),
    "demo": ("ci_tools.cli.demo", "The whole job on this machine, in a scratch folder"),
}
OPTIONS, VERB = "[OPTION]…", "VERB …"


class Channel(click.Group):
    """The group that knows its verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (the same)
        return _loaded(cmd_name) if cmd_name in VERBS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as exc:
            raise click.exceptions.NoSuchCommand(exc.command_name, possibilities=VERBS, ctx=ctx) from exc

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (the same)
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


def _loaded(verb: str) -> click.Command:
    module = VERBS[verb][0]
    try:
        command: click.Command = import_module(module).command
    except ModuleNotFoundError as exc:
        if exc.name != module:
            raise
        raise click.UsageError(f"`channel {verb}` does not exist yet") from exc
    return _with_options(command)


def _with_options(command: click.Command) -> click.Command:
    """`command` taking the global options as well; its help leaves them to `channel --help`."""
    taken = {name for param in command.params for name in param.opts}
    command.params.extend(option for option in _options(hidden=True) if not taken.intersection(option.opts))
    command.epilog = command.epilog or "Options of every verb: channel --help"
    command.options_metavar = OPTIONS
    if isinstance(command, click.Group):
        command.subcommand_metavar = VERB
        for below in command.commands.values():
            _with_options(below)
    return command


def _options(*, hidden: bool) -> list[click.Parameter]:
    def option(*names: str, **settings: Any) -> click.Option:  # noqa: ANN401 (click's own settings)
        return click.Option(names, expose_value=False, callback=_remember, hidden=hidden, **settings)

    return [
        option("--config", metavar="FILE", help="The channel's configuration [channel.yaml]"),
        option("--dry-run", is_flag=True, help="Write nothing; say what would be written"),
        option("--json", is_flag=True, help="Write the result to stdout as JSON"),
        option("-v", "--verbose", count=True, help="Say more: vendors' own words, each step"),
        option("-q", "--quiet", is_flag=True, help="Say nothing but errors"),
    ]


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ANN401 (of any option)
    if value:
        # The root too: what goes wrong is told by whoever holds that one.
        ctx.obj = ctx.find_root().obj = replace(ctx.obj, **_change(str(param.name), value))


def _change(option: str, value: Any) -> dict[str, object]:  # noqa: ANN401 (the same)
    match option:
        case "config":
            return {"config_path": Path(value)}
        case "verbose":
            return {"verbosity": value}
        case "quiet":
            return {"verbosity": -1}
        case _:
            return {option: value}


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"channel {version('channelsmith')}")
        ctx.exit()


CHANNEL = Channel(
    help="A private conda channel, run from a git repository.",
    params=[
        *_options(hidden=False),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Say which version this is",
        ),
    ],
    subcommand_metavar=VERB,
    options_metavar=OPTIONS,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    epilog="A verb's own options: channel VERB --help",
)
