"""A channel in a folder on this machine, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.adapters.stores.local import LocalStore
from ci_tools.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path


class FolderSource(StoredSource):
    """The channel below `root`; links in it are not followed."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise NotFoundError(f"there is no folder `{root}`", hint="name a channel's URL or folder")
        super().__init__(LocalStore(root), root.absolute().as_uri())
