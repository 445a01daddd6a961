"""Whether a package file on this machine is what the channel published, by the channel or by a sidecar alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.core.package import Subdir
from ci_tools.core.sidecar import LONGEST, Attestations
from ci_tools.core.verification import Checked, Finding, VerifyPolicy, VerifyReport, chain_finding
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.flows.follow import follow
from ci_tools.flows.kept import KeptGenerations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from ci_tools.ports import ChannelSource


def verify_file(
    source: ChannelSource, root: bytes, policy: VerifyPolicy, file: tuple[str, str], now: datetime
) -> VerifyReport:
    """What does not hold of a file, given as its name and lower-hex SHA-256, by a channel's index and its sidecar."""
    filename, sha256 = file
    try:
        followed = follow(source, root, now, policy.known)
        kept = KeptGenerations(source, followed, policy.max_age, now)
        key, record = _found(kept, filename, sha256)
        body = _sidecar(source, key, record["attestations_sha256"])
    except NotFoundError:
        return _report(source.url, Finding(where=filename, what="its sidecar is missing, though its record names it"))
    except TrustError as exc:
        return _report(source.url, chain_finding(exc, filename))
    return attested_file(source.url, policy, file, body)


def attested_file(where: str, policy: VerifyPolicy, file: tuple[str, str], sidecar: bytes) -> VerifyReport:
    """The same by a sidecar alone, with no channel in reach: who published it, not whether it is still listed."""
    try:
        Attestations(policy.trusted_root, policy.channel, policy.identity).verify(sidecar, *file)
    except TrustError as exc:
        return _report(where, chain_finding(exc, file[0]))
    return _report(where)


def _found(kept: KeptGenerations, filename: str, sha256: str) -> tuple[str, Mapping[str, Any]]:
    others = 0
    for subdir in Subdir:
        for records in kept.records(subdir):
            record = records.get(filename)
            if record is not None and record.get("sha256") == sha256 and record.get("attestations_sha256"):
                return f"{subdir}/{filename}", record
            others += record is not None
    said = "lists other bytes under this name" if others else "does not list it"
    raise TrustError(f"the channel {said}", hint="do not install it; download it again from the channel")


def _sidecar(source: ChannelSource, key: str, digest: str) -> bytes:
    body = source.read(layout.sidecar_key(key, digest), LONGEST)
    if layout.sha256(body) != digest:
        raise TrustError("the sidecar is not the one that the record names", hint="do not install it")
    return body


def _report(where: str, *findings: Finding) -> VerifyReport:
    return VerifyReport(source=where, checked=Checked(packages=1), findings=findings)
