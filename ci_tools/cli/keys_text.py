"""How the keys of a channel look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.keyset import DRAFT

if TYPE_CHECKING:
    from ci_tools.core.keyset import KeysReport
    from ci_tools.core.root_change import RootReport, RootStanding
    from ci_tools.flows.certify import CertifyReport

FOR = {
    "root": "says which keys speak for the channel; keep it offline",
    "online": "signs every generation",
    "ca": "certifies the publisher; keep it offline",
    "publisher": "attests packages",
    "log": "signs log entries of attestations",
    "sct": "signs log entries of certificates; keep it with ca",
    "1.root.json": "what clients pin",
    "trusted_root.json": "what verifies attestations",
    "client_trust_config.json": "the same, for clients that want a whole configuration",
    "publisher.crt.pem": "the publisher's certificate",
}


def keys_text(report: KeysReport) -> str:
    """A line for each key and document: whether it was made or there, its fingerprint, what it is for."""
    states = {**dict.fromkeys(report.there, "there"), **dict.fromkeys(report.made, "made")}
    states |= dict.fromkeys(report.elsewhere, "elsewhere")
    shown = FOR if DRAFT not in states else {**FOR, DRAFT: "the first root, until its holders have signed it"}
    rows = [(states.get(n, "to come"), n, report.fingerprints.get(n, "")[:16], what) for n, what in shown.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join((*(cell.ljust(widths[n]) for n, cell in enumerate(row[:3])), row[3])) for row in rows]
    lines.append(f"the publisher's certificate holds until {report.certificate_until:%Y-%m-%d}")
    if report.root is not None:
        lines += _root_lines(report.root, report.channel)
    return "\n".join(lines)


def root_text(report: RootReport) -> str:
    """What a root says, and whose signatures it lacks."""
    return "\n".join(_root_lines(report.root, report.channel))


def _root_lines(root: RootStanding, channel: str) -> list[str]:
    lines = [f"root {root.version} of {channel}, until {root.expires:%Y-%m-%d}"]
    lines += [f"  root    {key[:16]}  {'signed' if key in root.signed_by else ''}".rstrip() for key in root.holders]
    lines += [f"  root    {key[:16]}  signed, goes" for key in root.signed_by if key not in root.holders]
    lines += [f"  online  {key[:16]}" for key in root.online]
    lines.append(f"{root.threshold} of {len(root.holders)} root keys must sign")
    if not root.is_complete:
        before = f", {root.lacking_before} of those before" if root.lacking_before else ""
        lines.append(f"lacking  {root.lacking} of its own holders{before}")
    return lines


def certify_text(report: CertifyReport) -> str:
    """What was made for which key."""
    until = f", until {report.until:%Y-%m-%d}" if report.until else ""
    made = f"made   {report.document}" if report.changed else "there  nothing was made"
    return f"{made}\nkey    {report.fingerprint[:16]}{until}"
