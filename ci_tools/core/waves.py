"""What hangs together and would outlast a job, in two waves: first what most needs, then the rest, in many jobs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST = 5 * 3600.0  # seconds of work in one job; GitHub ends a job after six hours
CARE = 130_000  # recipes times looks at what is left while the first wave grows: a second of work


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Nodes that hang together, in order. Those of wave 1 come after what they need of wave 0."""

    number: int
    nodes: tuple[str, ...]


def waves(
    nodes: Sequence[str], after: Mapping[str, Iterable[str]], unit: Mapping[str, str], seconds: Mapping[str, float]
) -> tuple[Wave, ...]:
    """The `nodes`, a connected component in order, as one wave, or as two where they take longer than a job may.

    `after`: node -> what it requires; `unit`: node -> what is never split, its recipe; `seconds`: of each node.
    """
    if sum(seconds[node] for node in nodes) <= LONGEST:
        return (Wave(number=0, nodes=tuple(nodes)),)
    units = _Units(nodes, after, unit, seconds)
    first = units.first_wave()
    early = [node for node in nodes if unit[node] in first]
    late = [node for node in nodes if unit[node] not in first]
    return tuple(
        Wave(number=number, nodes=group)
        for number, part in enumerate((early, late))
        for group in graph.components(part, _pairs(part, after, unit))
    )


def _pairs(part: Sequence[str], after: Mapping[str, Iterable[str]], unit: Mapping[str, str]) -> list[tuple[str, str]]:
    firsts: dict[str, str] = {}
    pairs = [(firsts.setdefault(unit[node], node), node) for node in part]
    return pairs + [(node, needed) for node in part for needed in after[node]]


class _Units:
    """The recipes of a component, what each requires, and how long each takes."""

    def __init__(
        self,
        nodes: Sequence[str],
        after: Mapping[str, Iterable[str]],
        unit: Mapping[str, str],
        seconds: Mapping[str, float],
    ) -> None:
        self.names = list(dict.fromkeys(unit[node] for node in nodes))
        self.seconds: dict[str, float] = defaultdict(float)
        self.after: dict[str, set[str]] = {name: set() for name in self.names}
        for node in nodes:
            self.seconds[unit[node]] += seconds[node]
            self.after[unit[node]] |= {unit[needed] for needed in after[node] if needed in unit} - {unit[node]}

    def first_wave(self) -> set[str]:
        """Recipes, with all that they require, that fit into jobs and leave the rest in the smallest pieces.

        Those that most others need, directly or not, come first; the rest is looked at after every few of them.
        """
        ranked = self._by_users()
        step = max(1, len(ranked) * len(self.names) // CARE)
        best: tuple[float, set[str]] = (self._largest(self.names), set())
        chosen: set[str] = set()
        for at in range(0, len(ranked), step):
            more = chosen | self._with_requirements(ranked[at : at + step])
            if self._largest(more) > LONGEST:
                continue
            chosen = more
            left = self._largest(name for name in self.names if name not in chosen)
            if left < best[0]:
                best = (left, set(chosen))
            if left <= LONGEST:
                break
        return best[1]

    def _by_users(self) -> list[str]:
        """The recipes that others need, most needed first; none where recipes need each other in a circle."""
        order = graph.ordered(self.names, self.after)
        if len(order) < len(self.names):
            return []
        place = {name: at for at, name in enumerate(order)}
        reach = {name: 1 << place[name] for name in order}
        for name in reversed(order):
            for needed in self.after[name]:
                reach[needed] |= reach[name]
        users = {name: reach[name].bit_count() - 1 for name in order}
        return sorted((name for name in order if users[name]), key=lambda name: (-users[name], place[name]))

    def _with_requirements(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.after[name]
        return found

    def _largest(self, names: Iterable[str]) -> float:
        """How long the longest of what hangs together among `names` takes."""
        left = list(names)
        groups = graph.components(left, ((name, needed) for name in left for needed in self.after[name]))
        return max((sum(self.seconds[name] for name in group) for group in groups), default=0.0)
