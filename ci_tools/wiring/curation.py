"""What the repository says of packages that are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ci_tools.config import ChannelConfig
    from ci_tools.core.curation import Curation
    from ci_tools.ports import YankRegistry


def curation(config: ChannelConfig) -> Curation:
    """The yanks and patches of the working tree. UsageError lists every mistake with its file and line."""
    from ci_tools.adapters.match_specs import matches, trouble
    from ci_tools.config.curation import read_curation

    return read_curation(config.folder, config.recipes.path, trouble, matches)


def yank_registry(config: ChannelConfig, *, dry_run: bool) -> YankRegistry:
    """The yanks of the working tree; in a dry run a memory that begins as the file is."""
    from ci_tools.adapters.yank_file import RememberedYanks, YankFile
    from ci_tools.config.curation import YANKED, parse_yanks

    found = YankFile(path=config.path(YANKED), shown=YANKED, parse=parse_yanks)
    return RememberedYanks(found.yanks()) if dry_run else found
