"""One holder's signature under the draft of a root, on a machine that need not reach the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.keyset import root_versions
from ci_tools.core.root import root_version
from ci_tools.core.root_change import RootReport, countersigned, merged, standing
from ci_tools.errors import TrustError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_tools.flows.enact import RootOffice
    from ci_tools.ports import Keystore, Signer


def countersign(office: RootOffice, copies: Sequence[bytes], signers: Iterable[Signer]) -> tuple[bytes, RootReport]:
    """The draft with the signatures of all copies and of `signers`, and how it stands then."""
    draft = merged(copies)
    previous = _previous(office.keystore, root_version(draft))
    for signer in signers:
        draft = countersigned(draft, previous, signer)
    said = standing(draft, previous)
    return draft, RootReport(channel=office.channel, root=said, enacted=False, changed=True)


def _previous(keystore: Keystore, version: int) -> bytes | None:
    if version == 1:
        return None
    body = keystore.published(f"{version - 1}.root.json")
    if body is None:
        there = root_versions(keystore.listed())
        raise TrustError(
            f"root {version - 1}, which this draft follows, is not among the public documents (there are {there})",
            hint="get the channel's public folder up to date: it is in the repository",
        )
    return body
