"""`channel ci published` and `channel ci plan`: what the channel holds, and what the event means for it.

Two steps, because rendering a recipe can run code of its author: the first has the token, the second has no secret.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import documents, wiring
from ci_tools.cli.ci.run_facts import run_facts
from ci_tools.cli.plan import repository_of, tell, weigh, write_file
from ci_tools.cli.reading import TOKEN, channel_token
from ci_tools.core.ci import plan_summary
from ci_tools.core.ci.cells import outputs
from ci_tools.core.drawing import around, drawing, folded
from ci_tools.core.keyset import PublicName
from ci_tools.errors import RemoteError, StoreError, UsageError
from ci_tools.flows.published import Published
from ci_tools.flows.published import published as read_published
from ci_tools.flows.span import span

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.core.plan import BuildPlan

FILE = click.Path(path_type=Path)


@click.command("published")
@click.option("--out", type=FILE, default="published.json", show_default=True, metavar="FILE", help="Write it here")
@click.option("--required", is_flag=True, help="Stop, exit 7, where the channel cannot be read")
@click.pass_obj
def published(run: Run, *, out: Path, required: bool) -> None:
    """Write down what the channel holds, verified from the pinned root, read with CHANNEL_TOKEN where that is set.

    Without a right to read it, as in a fork, what is published is written down as unknown.
    """
    found = _read(run)
    if found.unknown and required:
        raise RemoteError(f"the channel cannot be read: {found.unknown}", hint=f"set the secret {TOKEN} to its token")
    if found.unknown:
        run.host.annotate("warning", f"what is published is unknown: {found.unknown}")
    elif not run.dry_run:
        run.host.say(f"the channel is at generation {found.generation}")
    if not run.dry_run:
        write_file(out, documents.write(found))
    run.emit(found, lambda _: "")


def _read(run: Run) -> Published:
    token = channel_token(run)
    root = wiring.keystore(run.config, run.env).published(PublicName.ROOT)
    try:
        (opened,) = wiring.readable_stores(run.config, token)
        return read_published(opened(), root, run.config.subdirs, run.now())
    except (StoreError, RemoteError) as exc:
        why = str(exc) if token else f"{TOKEN} is not set (a fork has none), and {exc}"
        return Published(generation=0, outputs={}, unknown=why)


@click.command("plan")
@click.option("--published", "held", type=FILE, default="published.json", show_default=True, metavar="FILE",
              help="What `channel ci published` wrote")  # fmt: skip
@click.option("--heal", is_flag=True, help="Plan also what the channel lacks: a publish that failed is made up for")
@click.option("--out", type=FILE, default="plan.json", show_default=True, metavar="FILE", help="Write plan.json here")
@click.pass_obj
def plan(run: Run, *, held: Path, heal: bool, out: Path) -> None:
    """Plan what the event of this run changed; hand on what is to be built, and summarise it.

    The range is that of GITHUB_EVENT_NAME and its payload. Exit code 3, after everything was written, where something
    is refused.
    """
    facts = run_facts(run.env)
    repository = repository_of(run)
    event = facts.occasion
    run.host.say(f"planning {event.because}")
    known = read_held(held)
    seen = weigh(run, span(event, repository), run.config.subdirs, known, heal=heal)
    found = seen.plan
    _hand_on(run, found)
    run.host.summarise(plan_summary.markdown(found, event, unknown=known.unknown))
    if chart := folded(around(drawing(seen))):
        run.host.summarise(chart)
    tell(run, found, out)


def read_held(path: Path) -> Published:
    """What `channel ci published` wrote down."""
    try:
        body = path.read_bytes()
    except OSError as exc:
        raise UsageError(f"`{path}` cannot be read: {exc.strerror}", hint="run first: channel ci published") from exc
    return documents.read(Published, body, str(path))


def _hand_on(run: Run, plan: BuildPlan) -> None:
    for name, value in outputs(plan).items():
        run.host.output(name, value)
