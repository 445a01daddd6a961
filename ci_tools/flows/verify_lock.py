"""Whether a channel stands for what a lock pins of it: the preflight of clients that enforce nothing themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ci_tools.core.lock import LockedPackage, fitting, lock_findings
from ci_tools.core.package import Subdir
from ci_tools.core.sidecar import Attestations
from ci_tools.core.verification import CHAIN, Checked, Finding, VerifyPolicy, VerifyReport, chain_finding, is_checkable
from ci_tools.errors import TrustError
from ci_tools.flows.follow import follow
from ci_tools.flows.kept import KeptGenerations
from ci_tools.flows.verify import Progress, chosen, silent
from ci_tools.flows.verify_packages import Entry, verify_packages

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.ports import ChannelSource

Wanted = tuple[str, LockedPackage, Mapping[str, Any] | None, tuple[Finding, ...]]


def verify_lock(
    source: ChannelSource, root: bytes, policy: VerifyPolicy, locked: Sequence[LockedPackage], now: datetime,
    *, progress: Progress = silent,
) -> VerifyReport:  # fmt: skip
    """What does not hold of the packages that `locked` takes from this channel; those of other channels are left out.

    Each is compared with the records of the generations that are still good, then its sidecar and bytes are read.
    """
    attestations = Attestations(policy.trusted_root, policy.channel, policy.identity)
    try:
        followed = follow(source, root, now, policy.known)
        kept = KeptGenerations(source, followed, policy.max_age, now)
        wanted = tuple(_wanted(kept, policy.channel, locked))
    except TrustError as exc:
        return VerifyReport(source=source.url, findings=(chain_finding(exc, CHAIN),))
    entries = chosen(tuple(_entry(key, record) for key, _, record, _ in wanted if record), policy)
    with progress("verify", len(entries), "packages") as advance:
        about_bytes = verify_packages(source, entries, attestations, advance)
    return VerifyReport(
        source=source.url,
        generation=followed.generation.number,
        expires=followed.generation.expires.first,
        checked=Checked(records=len(wanted), packages=len(entries), bytes=sum(entry.size for entry in entries)),
        findings=(*(finding for _, _, _, findings in wanted for finding in findings), *about_bytes),
    )


def _wanted(kept: KeptGenerations, channel: str, locked: Sequence[LockedPackage]) -> Iterator[Wanted]:
    for package in locked:
        key = package.key_in(channel)
        if not key:
            continue
        records = tuple(_records(kept, key, package))
        record = fitting(package, records)
        findings = tuple(lock_findings(key, package, records))
        if record is not None and not is_checkable(record):
            findings += (Finding(where=key, what="its record names no digest or no sidecar"),)
            record = None
        yield key, package, record, findings


def _records(kept: KeptGenerations, key: str, package: LockedPackage) -> Iterator[Mapping[str, Any]]:
    """The records of this file, up to the one that fits: older generations are read only where the present does not."""
    subdir, _, filename = key.partition("/")
    if subdir not in set(Subdir):
        return
    for records in kept.records(Subdir(subdir)):
        if filename in records:
            yield records[filename]
            if fitting(package, (records[filename],)):
                return


def _entry(key: str, record: Mapping[str, Any]) -> Entry:
    return Entry(
        key=key,
        filename=key.partition("/")[2],
        sha256=record["sha256"],
        size=record["size"],
        attestations_sha256=record["attestations_sha256"],
    )
