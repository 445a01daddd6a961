"""Published: what the channel holds now, as far as a plan needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.holdings import PublishedOutput
from ci_tools.core.package import Subdir
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.flows.index import read_states
from ci_tools.flows.present import present

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ci_tools.core.repodata import IndexState
    from ci_tools.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The outputs of one generation, by subdir; generation 0 is a channel in which nothing was published yet.

    `unknown` says why the channel could not be read, as in a fork, which has no token: then nothing is known of it.
    """

    generation: int
    outputs: Mapping[Subdir, tuple[PublishedOutput, ...]]
    unknown: str = ""


def published(store: ObjectStore, pinned_root: bytes | None, subdirs: Iterable[Subdir], now: datetime) -> Published:
    """What the present generation holds in `subdirs` and noarch, verified from the pinned root down.

    A channel whose keys are still to be made holds nothing; TrustError where it does and there is no root to judge by.
    """
    if pinned_root is None:
        _require_nothing(store)
        return Published(generation=0, outputs={})
    found = present(store, pinned_root, now)
    states = read_states(store, found, sorted({Subdir.NOARCH, *subdirs}))
    return Published(generation=found.number, outputs={s: tuple(_outputs(state)) for s, state in states.items()})


def _require_nothing(store: ObjectStore) -> None:
    try:
        store.head(layout.TIMESTAMP)
    except NotFoundError:
        return
    hint = "get the channel's public root, or say in channel.yaml below `trust:` where it is"
    raise TrustError("the channel is published, and there is no root to verify it with", hint=hint)


def _outputs(state: IndexState) -> Iterator[PublishedOutput]:
    """Also the yanked ones: a file name stays a promise."""
    yanked = frozenset(state.yanked)
    for filename in (*state.filenames, *state.yanked):
        record, build = state.promised(filename), state.build(filename)
        if record is not None:
            yield PublishedOutput(
                filename=filename,
                build_number=record.build_number,
                input_hash=build.input_hash if build else "",
                seconds=build.seconds if build else 0.0,
                commit=build.commit if build else "",
                generation=build.generation if build else 0,
                yanked=filename in yanked,
            )
