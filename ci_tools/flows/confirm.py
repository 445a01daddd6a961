"""Looking at what was just published as a client does, before anybody is told that it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core import layout
from ci_tools.errors import Problem, TrustError
from ci_tools.flows.follow import follow
from ci_tools.flows.verify_packages import Entry, verify_packages

if TYPE_CHECKING:
    from ci_tools.core.receipt import Published, Receipt
    from ci_tools.core.sidecar import Attestations
    from ci_tools.flows.transaction import Setting
    from ci_tools.ports import ChannelSource, CodeHost


def confirm(
    source: ChannelSource, setting: Setting, attestations: Attestations, receipt: Receipt, host: CodeHost
) -> None:
    """Say nothing where the chain leads to this receipt's packages and their bytes; TrustError lists what does not."""
    follow(source, setting.notary.root, setting.now)
    entries = tuple(_entry(package) for package in receipt.published)
    with host.progress("verify", len(entries), "packages") as advance:
        findings = verify_packages(source, entries, attestations, advance)
    if findings:
        raise TrustError(*(Problem(message=f"{f.where} {f.what}", hint=f.hint) for f in findings))


def _entry(package: Published) -> Entry:
    return Entry(
        key=layout.package_key(package.subdir, package.filename),
        filename=str(package.filename),
        sha256=package.sha256,
        size=package.size,
        attestations_sha256=package.attestations_sha256,
    )
