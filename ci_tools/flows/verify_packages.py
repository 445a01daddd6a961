"""Packages against their records: the sidecar that the record names, who attested it, and the bytes themselves."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.sidecar import LONGEST
from ci_tools.core.verification import Finding, chain_finding
from ci_tools.errors import NotFoundError, TrustError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ci_tools.core.sidecar import Attestations
    from ci_tools.ports import ChannelSource

IN_PARALLEL = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a believed record says of a package. `key` is where it is; digests are lower hex."""

    key: str
    filename: str
    sha256: str
    size: int
    attestations_sha256: str


def verify_packages(
    source: ChannelSource, entries: Sequence[Entry], attestations: Attestations, advance: Callable[[int], None]
) -> tuple[Finding, ...]:
    """What is wrong with these packages, in their order; `advance` hears how many more are done."""
    with ThreadPoolExecutor(IN_PARALLEL) as pool:
        return tuple(
            finding
            for findings in pool.map(lambda entry: _told(_findings(source, entry, attestations), advance), entries)
            for finding in findings
        )


def _told(findings: Iterator[Finding], advance: Callable[[int], None]) -> tuple[Finding, ...]:
    found = tuple(findings)
    advance(1)
    return found


def _findings(source: ChannelSource, entry: Entry, attestations: Attestations) -> Iterator[Finding]:
    yield from _attested(source, entry, attestations)
    yield from _bytes(source, entry)


def _attested(source: ChannelSource, entry: Entry, attestations: Attestations) -> Iterator[Finding]:
    where = layout.sidecar_key(entry.key, entry.attestations_sha256)
    try:
        body = source.read(where, LONGEST)
        # CEP 50: hash first, parse after.
        if hashlib.sha256(body).hexdigest() != entry.attestations_sha256:
            yield Finding(where=where, what="is not the sidecar that the record names: it was replaced")
        else:
            attestations.verify(body, entry.filename, entry.sha256)
    except NotFoundError:
        yield Finding(where=where, what="the sidecar is missing, though the record names it")
    except TrustError as exc:
        yield chain_finding(exc, where)


def _bytes(source: ChannelSource, entry: Entry) -> Iterator[Finding]:
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in source.stream(entry.key):
            digest.update(chunk)
            size += len(chunk)
            if size > entry.size:
                break
    except NotFoundError:
        yield Finding(where=entry.key, what="the package is missing, though it is indexed")
        return
    if size != entry.size:
        says = "is longer" if size > entry.size else f"is cut off after {size} bytes, shorter"
        yield Finding(where=entry.key, what=f"the package {says} than the {entry.size} bytes of its record")
    elif digest.hexdigest() != entry.sha256:
        yield Finding(where=entry.key, what="the package's bytes are not those of its record: it was altered")
