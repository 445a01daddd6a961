"""A channel repository, and pages to look for versions on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pages import Pages, pages
from repositories import Repo, channel_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return channel_repository(tmp_path / "a channel")


@pytest.fixture
def web() -> Iterator[Pages]:
    with pages() as found:
        yield found
