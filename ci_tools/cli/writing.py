"""What the verbs that write the channel without a plan have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools import wiring
from ci_tools.cli.publish_text import writes_text
from ci_tools.core.keyset import trust_material
from ci_tools.errors import UsageError
from ci_tools.flows.probe import probe

if TYPE_CHECKING:
    from ci_tools.cli.run import Run
    from ci_tools.flows.transaction import Setting


def setting_of(run: Run, what: str) -> Setting:
    """The setting of a run that does `what`; its store was tried."""
    cause = wiring.cause(_head(run), run.env, what)
    setting = wiring.setting(run.config, run.env, cause, run.now(), dry_run=run.dry_run)
    probe(setting.store)
    return setting


def pinned_root(run: Run) -> bytes:
    """What the channel's clients pin."""
    return trust_material(wiring.keystore(run.config, run.env).published).root


def rehearsed(setting: Setting | None) -> str:
    """What a dry run would have written and deleted; empty where it was none."""
    written = getattr(setting.store, "written", None) if setting else None
    if setting is None or written is None:
        return ""
    deleted = getattr(setting.store, "deleted", ())
    lines = ("", f"would delete ({len(deleted)})", *(f"  {key}" for key in deleted)) if deleted else ()
    return writes_text(written) + "\n".join(lines)


def _head(run: Run) -> str:
    """The commit that is checked out; empty where there is no repository."""
    try:
        return wiring.repository(run.config.folder, run.env).commit("HEAD")
    except UsageError:
        return ""
