"""The present generation said again under the online key that is in use: the step before an old key goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.flows.transaction import Proposal, transaction

if TYPE_CHECKING:
    from ci_tools.flows.transaction import Commit, Setting


def sign_anew(setting: Setting) -> Commit:
    """A generation that says what the present one says; an empty store stays empty."""
    return transaction(setting, lambda before, _: Proposal(renew=before.generation is not None))
