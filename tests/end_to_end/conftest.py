from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from team import Team, new_team

if TYPE_CHECKING:
    from pathlib import Path

    from servers import S3Server


@pytest.fixture
def team(tmp_path: Path, seaweedfs: S3Server) -> Team:
    return new_team(tmp_path, seaweedfs)
