"""What builds may need of the channel they are for: all that their requirements can lead to, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.inputs import name_of
from ci_tools.core.sheet import loaded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ci_tools.core.package import Filename
    from ci_tools.core.repodata import IndexState


def provisions(names: Iterable[str], states: Collection[IndexState]) -> tuple[IndexState, ...]:
    """The states reduced to every file of the packages `names`, and of those that these depend on or export.

    Names decide, not versions: which build is taken is the solver's choice, and it must have the whole of it.
    """
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            files = ((state, file) for state in states for file in state.files_of(name))
            waiting += (name_of(spec) for state, file in files for spec in _specs(state, file))
    return tuple(_reduced(state, found) for state in states)


def _specs(state: IndexState, file: Filename) -> Iterator[str]:
    """What comes into an environment with the file: at once, or in what was built against it (CEP 12)."""
    where = f"{state.subdir}/{layout.REPODATA}"
    yield from loaded(state.records.get(str(file)), where).get("depends", ())
    exported = loaded(state.run_exports.get(str(file)), where).get("run_exports", {})
    yield from (spec for kind in ("weak", "strong", "noarch") for spec in exported.get(kind, ()))


def _reduced(state: IndexState, names: Collection[str]) -> IndexState:
    return state.without(file for file in state.filenames if file.dist.name not in names)
