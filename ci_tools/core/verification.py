"""What is wrong with a channel, as values: what is checked of its records, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ci_tools.core.generation import SHA256_HEX, Generation
from ci_tools.core.package import Filename, Subdir
from ci_tools.core.strict_json import parse_object
from ci_tools.errors import PackageError, TrustError

DO_NOT_USE = "do not install from this copy; its owner restores the object or publishes again"
MAX_AGE = timedelta(days=7)
CHAIN = "tuf"  # where a finding is that concerns the whole chain of signatures
SECTIONS = {"packages": ".tar.bz2", "packages.conda": ".conda"}  # CEP 36

Records = Mapping[str, Mapping[str, Any]]  # file name -> record


class Severity(StrEnum):
    """A warning alone still means that everything that is there can be believed."""

    PROBLEM = "problem"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not hold. `where` is a key of the channel, `what` a sentence, `hint` what to do."""

    where: str
    what: str
    hint: str = DO_NOT_USE
    severity: Severity = Severity.PROBLEM


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyPolicy:
    """What is believed beforehand and how much is looked at.

    `channel` is the base URL that attestations name; `trusted_root` the exported trusted_root.json. `sample` is how
    many packages are read in full, None for all; which ones follows from `seed`. `known` was believed before.
    """

    channel: str
    trusted_root: bytes
    sample: int | None = None
    seed: str = ""
    known: Generation | None = None
    at_least: int = 0  # an older generation than this number is a rollback
    identity: str = ""  # whose attestations count, where it is not the channel's publisher
    max_age: timedelta = MAX_AGE  # how long a generation that was replaced is still good for a lock
    vouched_within: timedelta | None = None  # a channel that nobody has vouched for since is found


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How much was looked at."""

    documents: int = 0
    pointers: int = 0
    shards: int = 0
    records: int = 0
    packages: int = 0
    bytes: int = 0  # of packages


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a verification found. `generation` is 0 where the chain broke before one was reached."""

    source: str
    generation: int = 0
    expires: datetime | None = None
    checked: Checked = field(default_factory=Checked)
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at can be believed; warnings do not count."""
        return all(finding.severity is Severity.WARNING for finding in self.findings)


def chain_finding(error: TrustError, where: str) -> Finding:
    """What broke the chain before there was a generation to look at."""
    return Finding(where=where, what=str(error), hint=error.problems[0].hint or DO_NOT_USE)


def read_records(body: bytes, subdir: Subdir) -> Records:
    """The records of a repodata.json; TrustError where two readers could see two things in it."""
    where = f"`{subdir}/repodata.json`"
    document = parse_object(body, where)
    records: dict[str, Mapping[str, Any]] = {}
    for section, extension in SECTIONS.items():
        members = document.get(section, {})
        if not isinstance(members, dict) or not all(isinstance(record, dict) for record in members.values()):
            raise TrustError(f"{where} has a section `{section}` that is no map of records", hint=DO_NOT_USE)
        misplaced = next((name for name in members if not name.endswith(extension)), None)
        if misplaced is not None:
            raise TrustError(f"{where} lists `{misplaced}` under `{section}`", hint=DO_NOT_USE)
        records |= members
    return records


def record_findings(subdir: Subdir, records: Records) -> Iterator[Finding]:
    """Records that do not say what they must, or contradict their file name."""
    for filename, record in records.items():
        for what in _wrong(subdir, filename, record):
            yield Finding(where=f"{subdir}/{filename}", what=what)


def _wrong(subdir: Subdir, filename: str, record: Mapping[str, Any]) -> Iterator[str]:
    try:
        dist = Filename.parse(filename).dist
    except PackageError as exc:
        yield str(exc)
        return
    if (record.get("name"), record.get("version"), record.get("build")) != (dist.name, dist.version, dist.build):
        yield "its record is that of another package"
    if record.get("subdir", subdir) != subdir:
        yield f"its record says that it belongs to {record['subdir']}"
    if not _is_digest(record.get("sha256")):
        yield "its record has no SHA-256"
    if type(record.get("size")) is not int or record["size"] < 0:
        yield "its record has no size"
    if not _is_digest(record.get("attestations_sha256")):
        yield "nobody attests it: its record names no sidecar"


def is_checkable(record: Mapping[str, Any]) -> bool:
    """Whether the record says enough to compare a package with it."""
    digests = _is_digest(record.get("sha256")) and _is_digest(record.get("attestations_sha256"))
    return digests and type(record.get("size")) is int


def shard_findings(subdir: Subdir, records: Records, sharded: Records) -> Iterator[Finding]:
    """Where the shards say something else than repodata.json: a client would install by the one or by the other."""
    for filename in sorted(records.keys() | sharded.keys()):
        where = f"{subdir}/{filename}"
        if filename not in sharded:
            yield Finding(where=where, what="it is in repodata.json and in no shard")
        elif filename not in records:
            yield Finding(where=where, what="it is in a shard and not in repodata.json")
        elif records[filename] != sharded[filename]:
            differing = sorted(_differing(records[filename], sharded[filename]))
            yield Finding(where=where, what=f"its shard says something else than repodata.json: {', '.join(differing)}")


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    nothing = object()
    return {name for name in one.keys() | other.keys() if one.get(name, nothing) != other.get(name, nothing)}


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and SHA256_HEX.fullmatch(value) is not None
