"""Checking a whole channel: from a pinned root down to the bytes of every package. Offline; missing is never fine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.sidecar import Attestations
from ci_tools.core.verification import CHAIN, Checked, Finding, VerifyPolicy, VerifyReport, chain_finding, is_checkable
from ci_tools.errors import TrustError
from ci_tools.flows.follow import Followed, follow
from ci_tools.flows.verify_documents import verify_documents
from ci_tools.flows.verify_packages import Entry, verify_packages
from ci_tools.flows.verify_pointers import verify_pointers
from ci_tools.flows.verify_records import Listed, verify_records

if TYPE_CHECKING:
    from datetime import datetime

    from ci_tools.ports import ChannelSource

TRIES = 3

Progress = Callable[[str, int, str], AbstractContextManager[Callable[[int], None]]]  # as CodeHost.progress


def silent(_title: str, _total: int, _unit: str) -> AbstractContextManager[Callable[[int], None]]:
    """Progress that nobody hears."""
    return nullcontext(lambda _more: None)


def verify(
    source: ChannelSource, root: bytes, policy: VerifyPolicy, now: datetime, progress: Progress = silent
) -> VerifyReport:
    """What does not hold in the channel, as values. `root` is the pinned 1.root.json, or a later one.

    Raises TrustError only where `policy` itself cannot be used, RemoteError and StoreError where nothing can be said.
    """
    attestations = Attestations(policy.trusted_root, policy.channel, policy.identity)
    report = VerifyReport(source=source.url)
    for _ in range(TRIES):
        try:
            followed = follow(source, root, now, policy.known)
        except TrustError as exc:
            return VerifyReport(source=source.url, findings=(chain_finding(exc, CHAIN),))
        report = _looked_at(source, followed, policy, attestations, progress=progress, now=now)
        if report.ok or not _moved_on(source, root, followed, now):
            break  # else somebody published meanwhile: what was found may be the seam between two generations
    return report


def _moved_on(source: ChannelSource, root: bytes, followed: Followed, now: datetime) -> bool:
    try:
        return follow(source, root, now).generation.number != followed.generation.number
    except TrustError:
        return False


def _looked_at(
    source: ChannelSource, followed: Followed, policy: VerifyPolicy, attestations: Attestations, *,
    progress: Progress, now: datetime,
) -> VerifyReport:  # fmt: skip
    documents = verify_documents(source, followed.generation)
    listed = tuple(verify_records(source, subdir, documents.bodies) for subdir in _subdirs(followed))
    entries = chosen(tuple(entry for subdir in listed for entry in _entries(subdir)), policy)
    findings = (
        *_rollback(followed, policy), *_stale(followed, policy, now), *_channel(followed),
        *documents.findings, *verify_pointers(source, followed),
        *(finding for subdir in listed for finding in subdir.findings),
    )  # fmt: skip
    with progress("verify", len(entries), "packages") as advance:
        findings += verify_packages(source, entries, attestations, advance)
    return VerifyReport(
        source=source.url,
        generation=followed.generation.number,
        expires=followed.generation.expires.first,
        checked=_checked(followed, documents.bodies, listed, entries),
        findings=findings,
    )


def _rollback(followed: Followed, policy: VerifyPolicy) -> tuple[Finding, ...]:
    number = followed.generation.number
    if number >= policy.at_least:
        return ()
    what = f"the channel is at generation {number}, which is older than {policy.at_least} (rollback)"
    return (Finding(where=CHAIN, what=what, hint="ask the owner before using this copy"),)


def _stale(followed: Followed, policy: VerifyPolicy, now: datetime) -> tuple[Finding, ...]:
    vouched = followed.generation.vouched
    if policy.vouched_within is None or (vouched is not None and now - vouched <= policy.vouched_within):
        return ()
    said = f"{vouched:%Y-%m-%d %H:%M} UTC" if vouched else "a time that it does not say"
    hint = "`channel index refresh` says it again; if that was done, this copy is an old one"
    return (Finding(where=CHAIN, what=f"nobody has vouched for the channel since {said} (freeze)", hint=hint),)


def _channel(followed: Followed) -> tuple[Finding, ...]:
    # CEP 26: noarch/repodata.json is what makes it a channel.
    key = f"{Subdir.NOARCH}/{layout.REPODATA}"
    if key in followed.generation.targets:
        return ()
    return (Finding(where=key, what="the generation does not list it: without it this is no channel"),)


def _subdirs(followed: Followed) -> tuple[Subdir, ...]:
    return tuple(subdir for subdir in Subdir if f"{subdir}/{layout.REPODATA}" in followed.generation.targets)


def _entries(listed: Listed) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            key=f"{listed.subdir}/{filename}",
            filename=filename,
            sha256=record["sha256"],
            size=record["size"],
            attestations_sha256=record["attestations_sha256"],
        )
        for filename, record in listed.records.items()
        if is_checkable(record)  # what is not was found already
    )


def chosen(entries: Sequence[Entry], policy: VerifyPolicy) -> tuple[Entry, ...]:
    """All, or as many as the policy says, such that nobody who does not know the seed can tell which."""
    if policy.sample is None:
        return tuple(entries)
    drawn = sorted(entries, key=lambda entry: hashlib.sha256(f"{policy.seed} {entry.key}".encode()).digest())
    return tuple(sorted(drawn[: policy.sample], key=lambda entry: entry.key))


def _checked(
    followed: Followed, documents: Mapping[str, bytes], listed: Sequence[Listed], entries: Sequence[Entry]
) -> Checked:
    return Checked(
        documents=len(documents),
        pointers=len(followed.generation.targets),
        shards=sum(subdir.shards for subdir in listed),
        records=sum(len(subdir.records) for subdir in listed),
        packages=len(entries),
        bytes=sum(entry.size for entry in entries),
    )
