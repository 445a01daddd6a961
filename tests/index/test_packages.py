from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packages import make_package

from ci_tools.core.package import ArchiveFormat, Subdir

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("archive_format", ArchiveFormat)
def test_equal_arguments_make_equal_packages(tmp_path: Path, archive_format: ArchiveFormat) -> None:
    one, two = (
        make_package(tmp_path / place, "tool", depends=["lib >=1"], format=archive_format, timestamp=1)
        for place in "ab"
    )
    assert one.read_bytes() == two.read_bytes()
    assert one.name == f"tool-1.0-0{archive_format.value}"
    assert one.parent.name == Subdir.NOARCH
