"""What a change of the channel's root works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.wiring.keys import keystore
from ci_tools.wiring.publishing import setting
from ci_tools.wiring.stores import object_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ci_tools.config import ChannelConfig
    from ci_tools.core.receipt import Cause
    from ci_tools.flows.enact import RootOffice


def root_office(
    config: ChannelConfig, env: Mapping[str, str], cause: Cause, now: datetime, *, dry_run: bool
) -> RootOffice:
    """The keys, the store, and who signs the present generation anew where that is needed."""
    from ci_tools.adapters.keystore import RehearsedKeys
    from ci_tools.core.generation import Lifetimes
    from ci_tools.flows.enact import RootOffice
    from ci_tools.flows.sign_anew import sign_anew

    found = keystore(config, env)
    return RootOffice(
        channel=config.base_url,
        keystore=RehearsedKeys(found) if dry_run else found,
        store=object_store(config, dry_run=dry_run),
        now=now,
        lifetime=Lifetimes().root,
        sign_anew=lambda: sign_anew(setting(config, env, cause, now, dry_run=dry_run)),
    )
