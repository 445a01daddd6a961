"""Changing who speaks for a channel: a draft of the next root, signed by who is here, in force when all have signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.keyset import DRAFT
from ci_tools.core.root import root_version
from ci_tools.core.root_change import RootChange, RootReport, countersigned, drafted, remaining, says_the_same, standing
from ci_tools.errors import TrustError
from ci_tools.flows.enact import enact, known_roots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_tools.flows.enact import RootOffice
    from ci_tools.ports import Signer

RENEWAL = RootChange()


def rotate(office: RootOffice, change: RootChange, signers: Iterable[Signer]) -> RootReport:
    """The next root with `change`, in force where `signers` suffice, else a draft among the public documents.

    A run that died anywhere is completed by the next; where everything is so already, nothing is done.
    """
    roots = known_roots(office)
    if not roots:
        raise TrustError(
            "this channel has no root yet", hint="`channel keys init`, then let its holders sign the draft"
        )
    wanted = drafted(roots[-1], remaining(change, roots), office.now + office.lifetime)
    draft = _pending(office, roots, wanted)
    if draft is None and says_the_same(roots[-1], wanted) and not (change == RENEWAL and _is_due(office, roots[-1])):
        said = standing(roots[-1], roots[-2] if len(roots) > 1 else None)
        return RootReport(channel=office.channel, root=said, enacted=False, changed=False)
    draft = draft or wanted
    for signer in signers:
        draft = countersigned(draft, roots[-1], signer)
    office.keystore.replace(DRAFT, draft)
    said = standing(draft, roots[-1])
    if said.is_complete:
        return enact(office, draft)
    return RootReport(channel=office.channel, root=said, enacted=False, changed=True)


def _pending(office: RootOffice, roots: tuple[bytes, ...], wanted: bytes) -> bytes | None:
    draft = office.keystore.published(DRAFT)
    if draft is None:
        return None
    version = root_version(draft)
    if version <= len(roots):  # in force already: a run died before it could say so
        enact(office, draft)
        return None
    if not says_the_same(draft, wanted):
        raise TrustError(
            f"another change waits as `{DRAFT}` for the signatures of its holders",
            hint="complete it with `channel keys sign-root`, or remove that file from the public folder",
        )
    return draft


def _is_due(office: RootOffice, root: bytes) -> bool:
    """Whether less than two thirds of the root's life is left."""
    return standing(root, None).expires - office.now < office.lifetime * 2 / 3
