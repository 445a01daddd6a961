"""Several groups of work in a bounded number of jobs, as even as their durations allow."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Name = TypeVar("Name")


def packed(seconds: Sequence[float], most: int) -> tuple[tuple[int, ...], ...]:
    """The places of `seconds` in at most `most` bins, the longest first into the emptiest.

    Graham's rule: no bin is more than a third fuller than it must be. Bins and what is in them are in order of place.
    """
    if len(seconds) <= most:
        return tuple((at,) for at in range(len(seconds)))
    bins: list[tuple[float, int]] = [(0.0, number) for number in range(most)]
    found: list[list[int]] = [[] for _ in range(most)]
    for at in sorted(range(len(seconds)), key=lambda place: (-seconds[place], place)):
        load, number = heapq.heappop(bins)
        found[number].append(at)
        heapq.heappush(bins, (load + seconds[at], number))
    return tuple(sorted(tuple(sorted(places)) for places in found if places))


def shares(loads: Mapping[Name, Sequence[float]], most: int) -> Mapping[Name, int]:
    """How many of `most` bins each name gets for its work: by the sum of it, at least one and no more than it has."""
    if sum(map(len, loads.values())) <= most:
        return {name: len(load) for name, load in loads.items()}
    found = {name: 1 for name, load in loads.items() if load}
    while sum(found.values()) < most:
        open_ = [name for name in found if found[name] < len(loads[name])]
        found[max(open_, key=lambda name: sum(loads[name]) / found[name])] += 1
    return found
