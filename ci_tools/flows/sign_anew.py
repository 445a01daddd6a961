"""The present generation said again under the online key that is in use: the step before an old key goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.core.layout import CHANNELDATA, Document, Freshness
from ci_tools.flows.present import index_documents
from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from ci_tools.flows.present import Present
    from ci_tools.flows.transaction import Commit, Setting


def sign_anew(setting: Setting) -> Commit:
    """A generation that says what the present one says; an empty store stays empty."""

    def decided(before: Present, _: int) -> Proposal:
        if before.generation is None:
            return Proposal()
        held = index_documents(setting.store, before.generation, (CHANNELDATA,))
        return Proposal(documents=tuple(Document(key=k, body=b, freshness=Freshness.POINTER) for k, b in held.items()))

    return transaction(setting, decided)
