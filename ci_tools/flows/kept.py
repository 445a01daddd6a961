"""The generations that are still good: the present one, and those replaced so lately that a client may use one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.generation import TargetFile, past_issue, past_targets
from ci_tools.core.tuf_metadata import LIMITS
from ci_tools.core.verification import Records, read_records
from ci_tools.errors import NotFoundError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from ci_tools.core.package import Subdir
    from ci_tools.flows.follow import Followed
    from ci_tools.ports import ChannelSource

GAP = 20  # numbers that crashes may have left out in a row


class KeptGenerations:
    """The records by which a package may be installed now. Older ones are read only when somebody asks for them.

    `max_age` is how long ago the generation after it may have come: a lagging edge, a client's old cache and a publish
    in progress lock nobody out, and a copy older than that is none of the channel's any more.
    """

    def __init__(self, source: ChannelSource, followed: Followed, max_age: timedelta, now: datetime) -> None:
        self._source = source
        self._followed = followed
        self._since = now - max_age
        self._records: dict[str, Records] = {}
        # Under the newest root alone: a key that was revoked must not bring back an old generation, or a made-up one.
        self._trusted = followed.roots[-1:]

    def records(self, subdir: Subdir) -> Iterator[Records]:
        """The subdir's records of each good generation, the present one first."""
        for targets in (self._followed.generation.targets, *self._past):
            if target := targets.get(f"{subdir}/{layout.REPODATA}"):
                yield self._read(subdir, target)

    @cached_property
    def _past(self) -> tuple[Mapping[str, TargetFile], ...]:
        return tuple(self._walk())

    def _walk(self) -> Iterator[Mapping[str, TargetFile]]:
        generation = self._followed.generation
        replaced, number, gap = generation.issued, generation.number - 1, 0
        while replaced is not None and replaced > self._since and number > 0 and gap < GAP:
            try:
                body = self._source.read(layout.metadata_key("targets", number), LIMITS["targets"])
                yield past_targets(self._trusted, number, body)
                replaced, gap = past_issue(self._trusted, number, body), 0
            except (NotFoundError, TrustError):  # left out by a crash, collected, or nobody's: it vouches for nothing
                gap += 1
            number -= 1

    def _read(self, subdir: Subdir, target: TargetFile) -> Records:
        if target.sha256 not in self._records:
            key = layout.by_hash(f"{subdir}/{layout.REPODATA}", target.sha256)
            try:
                body = self._source.read(key, target.length)
            except NotFoundError as exc:
                raise TrustError(f"`{key}` is missing, though a generation lists it", hint="try again later") from exc
            if not target.matches(body):
                raise TrustError(f"`{key}` is not what the generation lists: it was altered", hint="do not use it")
            self._records[target.sha256] = read_records(body, subdir)
        return self._records[target.sha256]
