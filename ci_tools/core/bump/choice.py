"""Which of the announced versions is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_tools.core.version import VersionOrder
from ci_tools.errors import PackageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.core.bump.answers import Candidate
    from ci_tools.core.bump.policy import Policy

# CEP 33 sorts them below the release; here it matters that they are none.
PRERELEASE = re.compile(
    r"(?<![a-z])(?:[abc]\.?[0-9]+|(?:rc|dev|alpha|beta|pre|preview|nightly|snapshot)\.?[0-9]*)(?![a-z])", re.IGNORECASE
)  # a letter alone is none: 2024a, 1.1.1w
CLAUSE = re.compile(r"(?P<sign><=|>=|==|!=|<|>|=|~=)?\s*(?P<version>[0-9A-Za-z!._+]+?)(?P<star>\.?\*)?")


def newest(current: str, found: Iterable[Candidate], policy: Policy) -> Candidate | None:
    """The highest candidate above `current` that the policy allows; None where there is none."""
    allowed = (c for c in found if _is_allowed(c, current, policy))
    best: Candidate | None = None
    for candidate in allowed:
        if best is None or order_of(best.version) < order_of(candidate.version):
            best = candidate
    return best


def _is_allowed(candidate: Candidate, current: str, policy: Policy) -> bool:
    try:
        is_higher = order_of(current) < order_of(candidate.version)
    except PackageError:
        return False
    is_early = candidate.is_prerelease or PRERELEASE.search(candidate.version) is not None
    return is_higher and (policy.prereleases or not is_early) and satisfies(candidate.version, policy.versions)


def order_of(version: str) -> VersionOrder:
    """Where a version as upstream spells it stands: R has dashes in them. PackageError where it has no order."""
    return VersionOrder.parse(version.replace("-", "_"))


def satisfies(version: str, spec: str) -> bool:
    """Whether a version meets `<2,>=1.4`, `1.*`, `!=1.5|2.*`. UsageError where that is no version spec."""
    if not spec.strip():
        return True
    return any(all(_meets(version, clause.strip()) for clause in part.split(",")) for part in spec.split("|"))


def _meets(version: str, clause: str) -> bool:
    found = CLAUSE.fullmatch(clause)
    if not found:
        raise UsageError(f"`{clause}` is no constraint on versions", hint="as in `versions: '>=1.4,<2'`, or `1.*`")
    mine, theirs = order_of(version), VersionOrder.parse(found["version"])
    starts = mine.epoch == theirs.epoch and mine.segments[: len(theirs.segments)] == theirs.segments
    holds = {
        "<": mine < theirs and not starts,  # 2.0a1 is below 2, and not what `<2` means
        "<=": mine <= theirs,
        ">": mine > theirs,
        ">=": mine >= theirs,
        "!=": not starts if found["star"] else mine != theirs,
        "~=": mine >= theirs and mine.segments[: len(theirs.segments) - 1] == theirs.segments[:-1],
        "==": starts if found["star"] else mine == theirs,
    }
    return holds.get(found["sign"] or "", starts)
