"""How to install from a preview: what is said on the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.ci.markdown import cell, code, table
from ci_tools.core.quantities import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from ci_tools.core.receipt import RunReport

MOST = 20  # packages that are named in a line to copy


def install_text(preview: str, channel: str, run: RunReport, keep: timedelta) -> str:
    """Markdown: the lines for each client, or why there are none. Both are base URLs."""
    return "\n".join(_lines(preview, channel, run, keep))


def gone_text(because: str) -> str:
    """What is said after it was removed."""
    return f"### The preview is removed\n\n{cell(because)}.\n"


def _lines(preview: str, channel: str, run: RunReport, keep: timedelta) -> Iterator[str]:
    names = sorted((*run.uploaded, *run.already_there, *run.adopted))
    yield f"### Preview: {len(names)} {'package' if len(names) == 1 else 'packages'} to try\n"
    if names:
        yield "With a token that covers `pr` (`channel access setup CLIENT` says where it goes):\n"
        yield from _install(preview, channel, names[:MOST])
        yield f"\nIt is kept for {duration_text(keep)} after the last push, and removed when this is closed."
    if run.refused:
        yield "\n**Not in it**\n"
        yield from table(("what", "because"), [(code(r.what), cell(r.because)) for r in run.refused])


def _install(preview: str, channel: str, names: list[str]) -> Iterator[str]:
    specs = [_spec(name) for name in names]
    conda = " ".join(f"'{name}={version}={build}'" for name, version, build in specs)
    pixi = " ".join(f"'{name}=={version}'" for name, version, _ in specs)
    yield "```sh"
    for client in ("conda", "mamba"):
        yield f"{client} install --override-channels -c {preview} -c {channel} {conda}"
    yield f"pixi workspace channel add --prepend {preview} && pixi add {pixi}"
    yield "```"


def _spec(key: str) -> tuple[str, str, str]:
    """Name, version and build of `<subdir>/<dist>.conda`, whose characters CEP 26 allows: none that a shell reads."""
    dist = key.rpartition("/")[2].removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, build = dist.rsplit("-", 2)
    return name, version, build
