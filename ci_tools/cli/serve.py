"""`channel serve`: the edge on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.adapters.edges.server import serve

if TYPE_CHECKING:
    from ci_tools.cli.run import Run


@click.command("serve")
@click.option("--host", help="The address to listen on [edge.host, 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; 0 takes a free one [edge.port]")
@click.option("--for", "seconds", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Stop by itself")
@click.option(
    "--open", "is_open", is_flag=True, help="Answer without a token, too: for a machine of your own [edge.open]"
)
@click.pass_obj
def command(run: Run, host: str | None, port: int | None, seconds: float | None, is_open: bool) -> None:
    """Serve the channel on this machine, as its edge would: by token, with the grants of `channel access`."""
    local = wiring.local_edge_config(run.config)
    application = wiring.edge_application(run.config, clock=run.now, log=run.host.say, is_open=is_open or local.open)

    def ready(url: str) -> None:
        click.echo(f"{url}/{run.config.channel}")
        run.host.say(f"try: curl --fail {url}/t/TOKEN/{run.config.channel}/noarch/repodata.json")
        run.host.say("a token: channel access grant NAME --owner OWNER; stop with Ctrl-C")

    serve(
        application,
        host=host or local.host,
        port=local.port if port is None else port,
        seconds=seconds,
        ready=ready,
    )
