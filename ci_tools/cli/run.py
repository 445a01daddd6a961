"""What a verb is handed: the global options, the configuration, the narrator, the clock and the way to stdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.config import ChannelConfig
    from ci_tools.ports import CodeHost

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)  # no slots: the cached properties live in __dict__
class Run:
    """One call of `channel`. Verbs get it by `@click.pass_obj`.

    `verbosity` is -1 under -q, 0, or the number of -v. `env` is the environment of the process.
    """

    env: Mapping[str, str]
    config_path: Path = Path("channel.yaml")
    dry_run: bool = False
    json: bool = False
    verbosity: int = 0

    @property
    def verbose(self) -> bool:
        """Whether vendors' own words are wanted."""
        return self.verbosity > 0

    @cached_property
    def config(self) -> ChannelConfig:
        """channel.yaml, read at the first use. UsageError lists every mistake."""
        from ci_tools.config import read_config

        return read_config(self.config_path)

    @cached_property
    def root(self) -> Path:
        """The folder of channel.yaml, absolute: what relative paths in it, and the recipes, are relative to."""
        return self.config_path.absolute().parent

    @cached_property
    def host(self) -> CodeHost:
        """Who is told how it goes."""
        from ci_tools import wiring

        return wiring.host(self.env, self.verbosity)

    def now(self) -> datetime:
        """This moment, UTC."""
        return datetime.now(UTC)

    def emit(self, value: Value, render: Callable[[Value], str]) -> None:
        """Write `value` to stdout: as JSON under --json, else as `render` shows it to a person."""
        if self.json:
            from ci_tools.documents import write

            click.echo(write(value), nl=False)
        elif text := render(value):
            click.echo(text)
