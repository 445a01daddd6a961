"""`channel config`: whether channel.yaml holds, and the JSON schema of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_never

import click

from ci_tools.config import CloudFrontConfig, LocalEdgeConfig, LocalStoreConfig, S3StoreConfig
from ci_tools.config.schema import config_schema
from ci_tools.errors import DifferenceError

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.config import ChannelConfig

SCHEMA = Path(".github/channel.schema.json")  # where editors are told to look, by channel.yaml's first line


@click.group("config")
def command() -> None:
    """Look into channel.yaml, the one file that says what this channel is."""


@command.command("check")
@click.pass_obj
def check(run: Run) -> None:
    """Read channel.yaml and list every mistake in it; without one, show what it comes to."""
    run.emit(run.config, _shown)


@command.command("schema")
@click.option("--check", "compare", is_flag=True, help="Write nothing; exit 8 where the file is not up to date")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help=f"The file [{SCHEMA}]")
@click.pass_obj
def schema(run: Run, compare: bool, out: Path | None) -> None:
    """Write the JSON schema of channel.yaml, for editors, to .github/channel.schema.json."""
    path = out or run.root / SCHEMA
    shown = out or SCHEMA
    new, old = config_schema(), path.read_text(encoding="utf-8") if path.is_file() else ""
    if new == old:
        run.host.say(f"{shown} is up to date")
    elif compare:
        raise DifferenceError(f"`{shown}` is not the schema of this version", hint="run: channel config schema")
    elif run.dry_run:
        run.host.say(f"would write {shown}")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8")
        run.host.say(f"wrote {shown}")


def _shown(config: ChannelConfig) -> str:
    lines = {
        "channel": config.channel,
        "url": config.base_url,
        "subdirs": ", ".join(config.indexed_subdirs),
        "recipes": config.recipes.path,
        "store": _store(config),
        "edge": _edge(config),
        "signs": config.trust.online,
    }
    return "\n".join(f"{name:8} {value}" for name, value in lines.items())


def _store(config: ChannelConfig) -> str:
    match config.store:
        case LocalStoreConfig(path=path):
            return f"the folder {path}"
        case S3StoreConfig(bucket=bucket, prefix=prefix):
            return "/".join(part for part in ("s3:/", bucket, config.channel if prefix is None else prefix) if part)
        case _:
            assert_never(config.store)


def _edge(config: ChannelConfig) -> str:
    match config.edge:
        case LocalEdgeConfig(host=host, port=port):
            return f"this machine, {host}:{port}"
        case CloudFrontConfig(distribution=distribution):
            return f"CloudFront, {distribution}"
        case _:
            assert_never(config.edge)
