"""What two lines of channel.yaml say together, and may not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ci_tools.config.values import ChannelFile, CloudFrontConfig
from ci_tools.core.package import Subdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_tools.config.tree import Path

Contradiction = tuple["Path", str, str]  # where, what is so, what to do


def contradictions(said: ChannelFile) -> Iterator[Contradiction]:
    """Everything that does not go together."""
    yield from _url(said)
    yield from _subdirs(said)
    yield from _durations(said)


def _url(said: ChannelFile) -> Iterator[Contradiction]:
    path = urlsplit(said.url).path
    if said.url and path != f"/{said.channel}" and not path.endswith(f"/{said.channel}"):
        hint = f"the edge finds a channel by its name: end it in `/{said.channel}`"
        yield ("url",), f"`url` does not end in the channel's name, `{said.channel}`", hint
    if not said.url and isinstance(said.edge, CloudFrontConfig):
        yield ("edge", "kind"), "`url` is missing", f"say where clients find it: `url: https://HOST/{said.channel}`"


def _subdirs(said: ChannelFile) -> Iterator[Contradiction]:
    if not said.subdirs:
        yield ("subdirs",), "`subdirs` is empty", "name at least one, or leave the line out"
    for number, subdir in enumerate(said.subdirs):
        if subdir in said.subdirs[:number]:
            yield ("subdirs", number), f"`subdirs[{number}]` is there already: `{subdir}`", "leave it out"
    for subdir in said.build.runners:
        where = ("build", "runners", subdir.value)
        if subdir is Subdir.NOARCH:
            hint = "packages for noarch are built on the machine of another subdir"
            yield where, "`build.runners` names a machine for `noarch`", hint
        elif subdir not in said.subdirs:
            hint = "add it to `subdirs`, or leave it out here"
            yield where, f"`build.runners` names a machine for `{subdir}`, which is not in `subdirs`", hint


def _durations(said: ChannelFile) -> Iterator[Contradiction]:
    if said.access.overlap >= said.access.token:
        hint = "an old token must end before its successor does"
        yield ("access", "overlap"), "`access.overlap` is not shorter than `access.token`", hint
