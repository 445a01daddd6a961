"""What channel.yaml says of packages that depend on a changed one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Dependents(StrEnum):
    """What is done about them."""

    NONE = "none"  # nothing: who wants them rebuilt bumps them
    TEST = "test"  # they are built and tested with the change, and not published
    REBUILD = "rebuild"  # they are built and published anew; their build numbers must say so


@dataclass(frozen=True, slots=True, kw_only=True)
class DependentsPolicy:
    """What is done, and how many requirements away from the change; a depth of 0 is any."""

    what: Dependents = Dependents.NONE
    depth: int = 1


def downstream(changed: Iterable[str], after: Mapping[str, Sequence[str]], depth: int) -> Mapping[str, str]:
    """Product key -> the changed key that it depends on over at most `depth` requirements, the nearest one.

    `after`: product key -> the keys that it requires. What changed itself is not part of it.
    """
    users: dict[str, list[str]] = defaultdict(list)
    for key, required in after.items():
        for needed in required:
            users[needed].append(key)
    roots = {key: key for key in sorted(changed)}
    found: dict[str, str] = {}
    edge, level = roots, 0
    while edge and (not depth or level < depth):
        fresh: dict[str, str] = {}
        for key, root in edge.items():
            fresh |= {
                user: root for user in users[key] if user not in roots and user not in found and user not in fresh
            }
        found |= fresh
        edge, level = fresh, level + 1
    return found
