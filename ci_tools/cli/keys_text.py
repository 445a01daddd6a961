"""How the keys of a channel look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.core.keyset import KeysReport

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
    rows = [(states[name], name, report.fingerprints.get(name, "")[:16], what) for name, what in FOR.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join((*(cell.ljust(widths[n]) for n, cell in enumerate(row[:3])), row[3])) for row in rows]
    return "\n".join((*lines, f"the publisher's certificate holds until {report.certificate_until:%Y-%m-%d}"))
