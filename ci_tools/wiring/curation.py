"""What the repository says of packages that are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.config import ChannelConfig
    from ci_tools.core.curation import Curation


def curation(config: ChannelConfig) -> Curation:
    """The yanks and patches of the working tree. UsageError lists every mistake with its file and line."""
    from ci_tools.adapters.match_specs import matches, trouble
    from ci_tools.config.curation import read_curation

    return read_curation(config.folder, config.recipes.path, trouble, matches)
