"""The files that every client knows against the generation: older ones, and such as no generation ever had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.fsck import REPAIR, Difference, Fault
from ci_tools.core.generation import TargetFile
from ci_tools.core.package import Subdir
from ci_tools.core.projection import GENERATION
from ci_tools.flows.verify_pointers import ASKED_FOR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_tools.core.generation import Generation
    from ci_tools.ports import ObjectStore

IN_PARALLEL = 8
STRAY = "remove it by hand: clients would believe it"


def fsck_pointers(store: ObjectStore, generation: Generation, sizes: Mapping[str, int]) -> tuple[Difference, ...]:
    """Pointers that are missing, behind, or hold what the generation does not list; and strays beside them."""
    keys = tuple(key for key in generation.targets if not layout.receipt_number(key))
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        found = tuple(pool.map(lambda key: _pointer(store, generation, key, sizes), keys))
    return (*(difference for difference in found if difference), *_strays(generation, sizes))


def _pointer(store: ObjectStore, generation: Generation, key: str, sizes: Mapping[str, int]) -> Difference | None:
    if key not in sizes:
        return Difference(
            fault=Fault.BEHIND, where=key, what="is missing: most clients ask for nothing else", mend=REPAIR
        )
    stored = store.get(key)
    if TargetFile.of(stored.body) == generation.targets[key]:
        return None
    written = stored.head.metadata.get(GENERATION, "")
    number = int(written) if written.isdigit() else 0
    if number > generation.number:
        return None  # somebody published while this looked
    if 0 < number < generation.number:
        what = f"is of generation {number}; the present one is {generation.number}"
        return Difference(fault=Fault.BEHIND, where=key, what=what, mend=REPAIR)
    return Difference(fault=Fault.FOREIGN, where=key, what="holds bytes that the generation does not list", mend=REPAIR)


def _strays(generation: Generation, sizes: Mapping[str, int]) -> Iterator[Difference]:
    for key in sorted({f"{subdir}/{name}" for subdir in Subdir for name in ASKED_FOR} & sizes.keys()):
        if key not in generation.targets:
            yield Difference(fault=Fault.FOREIGN, where=key, what="no generation lists it", mend=STRAY)
