"""`channel sbom`: what is in an environment or a lock, as SPDX or CycloneDX."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ci_tools import wiring
from ci_tools.core.sbom import Bill, SbomFormat, sbom

if TYPE_CHECKING:
    from ci_tools.cli.run import Run

NAMESPACE = "https://channelsmith.example/sbom"


@click.command("sbom")
@click.argument("what", metavar="ENVIRONMENT|LOCK", type=click.Path(path_type=Path, exists=True))
@click.option("--format", "form", type=click.Choice(SbomFormat), default=SbomFormat.SPDX, show_default=True,
              help="SPDX 2.3 or CycloneDX 1.6")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where to [stdout]")
@click.pass_obj
def command(run: Run, what: Path, form: SbomFormat, out: Path | None) -> None:
    """Write the bill of materials of an environment's folder or of a lock file: packages, licences, dependencies.

    A lock tells no licences. That of a single package is attested in its sidecar: `trust: {attest: [spdx]}`.
    """
    components = wiring.components(what)
    told = json.dumps([component.purl for component in components]).encode()
    bill = Bill(
        name=what.resolve().name,
        namespace=f"{NAMESPACE}/{hashlib.sha256(told).hexdigest()}",
        components=components,
        made=run.now(),
    )
    text = json.dumps(sbom(bill, form), indent=2, ensure_ascii=False)
    if out is None or run.dry_run:
        click.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
    run.host.say(f"{len(components)} packages")
