"""What comes before what: an order, the cycles that forbid one, and what hangs together."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Node = TypeVar("Node", bound=str)


def ordered(nodes: Sequence[Node], after: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...]:
    """The nodes, each behind those it comes `after`; where that leaves a choice, in the order given.

    Only nodes count as prerequisites. Nodes on a cycle, or behind one, are left out.
    """
    place = {node: at for at, node in enumerate(nodes)}
    before: dict[Node, list[Node]] = defaultdict(list)
    open_ = Counter[Node]()
    for node in nodes:
        for prerequisite in set(after.get(node, ())) & place.keys():
            before[prerequisite].append(node)
            open_[node] += 1
    ready = [place[node] for node in nodes if not open_[node]]
    found: list[Node] = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        found.append(node)
        for follower in before[node]:
            open_[follower] -= 1
            if not open_[follower]:
                heapq.heappush(ready, place[follower])
    return tuple(found)


def cycles(nodes: Sequence[Node], after: Mapping[Node, Iterable[Node]]) -> tuple[tuple[Node, ...], ...]:
    """Cycles that share no node, enough of them that without their nodes there is none.

    Each is in order: a node comes after the next one, and the last after the first.
    """
    left = list(nodes)
    found: list[tuple[Node, ...]] = []
    while True:
        done = set(ordered(left, after))
        left = [node for node in left if node not in done]
        if not left:
            return tuple(found)
        found.append(_cycle(left, after))
        left = [node for node in left if node not in found[-1]]


def _cycle(nodes: Sequence[Node], after: Mapping[Node, Iterable[Node]]) -> tuple[Node, ...]:
    """A cycle among nodes of which each has a prerequisite among them, from its first node on."""
    place = {node: at for at, node in enumerate(nodes)}
    walked: dict[Node, int] = {}
    node = nodes[0]
    while node not in walked:
        walked[node] = len(walked)
        node = min((n for n in after[node] if n in place), key=place.__getitem__)
    loop = list(walked)[walked[node] :]
    start = min(range(len(loop)), key=lambda at: place[loop[at]])
    return tuple(loop[start:] + loop[:start])


def components(nodes: Sequence[Node], pairs: Iterable[tuple[Node, Node]]) -> tuple[tuple[Node, ...], ...]:
    """The nodes in groups that no pair joins, in the order given, as are the groups by their first node."""
    parent = {node: node for node in nodes}

    def root(node: Node) -> Node:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for one, other in pairs:
        if one in parent and other in parent:
            parent[root(one)] = root(other)
    groups: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes:
        groups[root(node)].append(node)
    return tuple(tuple(group) for group in groups.values())
