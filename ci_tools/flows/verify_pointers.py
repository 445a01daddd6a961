"""The documents under the names that every client knows: the present generation's, an older one's, or foreign."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.generation import TargetFile, past_targets
from ci_tools.core.package import Subdir
from ci_tools.core.tuf_metadata import LIMITS
from ci_tools.core.verification import Finding, Severity
from ci_tools.errors import NotFoundError, TrustError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_tools.flows.follow import Followed
    from ci_tools.ports import ChannelSource

IN_PARALLEL = 8
LOOK_BACK = 100  # generations
SPARE = 64 << 20  # bytes that an older document may have more
PROJECT = "publish again: a publish completes what an interrupted one left"

# What conda, mamba and rattler ask a subdir for, now or in versions that are still around.
ASKED_FOR = (
    layout.REPODATA, layout.REPODATA_ZST, "repodata.json.bz2", "repodata.jlap", "current_repodata.json",
    "current_repodata.json.zst", layout.SHARD_INDEX, layout.RUN_EXPORTS, layout.RUN_EXPORTS_ZST,
)  # fmt: skip


def verify_pointers(source: ChannelSource, followed: Followed) -> tuple[Finding, ...]:
    """What stands under the known names and should not; a pointer that lags behind is only a warning."""
    listed = followed.generation.targets
    asked = {f"{subdir}/{name}" for subdir in Subdir for name in ASKED_FOR} - listed.keys()
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        seen = dict(zip(listed, pool.map(lambda key: _seen(source, key, listed[key]), listed), strict=True))
        strays = tuple(pool.map(lambda key: _stray(source, key), sorted(asked)))
    different = {key: file for key, file in seen.items() if file != listed[key]}
    past = _past(source, followed, different)
    return (
        *(_finding(key, file, past.get(key), followed.generation.number) for key, file in different.items()),
        *(stray for stray in strays if stray),
    )


def _seen(source: ChannelSource, key: str, target: TargetFile) -> TargetFile | None:
    digest, length, most = hashlib.sha256(), 0, 4 * target.length + SPARE
    try:
        for chunk in source.stream(key):
            digest.update(chunk)
            length += len(chunk)
            if length > most:
                break
    except NotFoundError:
        return None
    return TargetFile(length=length, sha256=digest.hexdigest())


def _stray(source: ChannelSource, key: str) -> Finding | None:
    try:
        source.read(key, 0)
    except NotFoundError:
        return None
    except TrustError:  # longer than nothing: it is there
        pass
    hint = "remove it: clients would believe it"
    return Finding(where=key, what="no generation lists it", hint=hint)


def _past(source: ChannelSource, followed: Followed, different: Mapping[str, TargetFile | None]) -> Mapping[str, int]:
    """Pointer -> the generation whose bytes it holds, of the generations before the present one."""
    missing = {key: file for key, file in different.items() if file is not None}
    found: dict[str, int] = {}
    number = followed.generation.number
    for past in range(number - 1, max(0, number - 1 - LOOK_BACK), -1):
        if found.keys() == missing.keys():
            break
        targets = _targets(source, followed, past)
        found |= {key: past for key, file in missing.items() if key not in found and targets.get(key) == file}
    return found


def _targets(source: ChannelSource, followed: Followed, number: int) -> Mapping[str, TargetFile]:
    try:
        body = source.read(layout.metadata_key("targets", number), LIMITS["targets"])
        return past_targets(followed.roots, number, body)
    except (NotFoundError, TrustError):  # skipped by a crash, collected, or nobody's: it vouches for nothing
        return {}


def _finding(key: str, file: TargetFile | None, past: int | None, number: int) -> Finding:
    if file is None:
        return Finding(where=key, what="is missing: most clients ask for nothing else", hint=PROJECT)
    if past is None:
        return Finding(where=key, what="holds bytes that no generation lists", hint=f"do not use it; {PROJECT}")
    what = f"lags behind: it is generation {past}'s, the present one is {number}"
    return Finding(where=key, what=what, hint=PROJECT, severity=Severity.WARNING)
