"""A channel repository to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from repositories import Repo, channel_repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return channel_repository(tmp_path / "a channel")
