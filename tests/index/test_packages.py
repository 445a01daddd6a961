from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conda_package_streaming.transmute import transmute
from packages import make_package

from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core.package import ArchiveFormat, Subdir

if TYPE_CHECKING:
    from pathlib import Path

# Reads a package and says the most memory it ever had, in KiB.
PEAK = """
import sys
from pathlib import Path
from ci_tools.adapters.archives import ArchiveReader
from ci_tools.core.package import Subdir
ArchiveReader().read(Path(sys.argv[1]), Subdir.NOARCH)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("archive_format", ArchiveFormat)
def test_equal_arguments_make_equal_packages(tmp_path: Path, archive_format: ArchiveFormat) -> None:
    one, two = (
        make_package(tmp_path / place, "tool", depends=["lib >=1"], format=archive_format, timestamp=1)
        for place in "ab"
    )
    assert one.read_bytes() == two.read_bytes()
    assert one.name == f"tool-1.0-0{archive_format.value}"
    assert one.parent.name == Subdir.NOARCH


def test_what_other_tools_write_is_read(tmp_path: Path) -> None:
    path = make_package(
        tmp_path, "tool", format=ArchiveFormat.TAR_BZ2, files={"bin/tool": b"x" * 99999, "share/y": b""}
    )
    (tmp_path / "out").mkdir()
    transmute(str(path), str(tmp_path / "out"))
    before, after = (ArchiveReader().read(p, Subdir.NOARCH) for p in (path, tmp_path / "out/tool-1.0-0.conda"))
    assert replace(before.record, size=0, md5="", sha256="") == replace(after.record, size=0, md5="", sha256="")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_package(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(16 << 20)  # noqa: S311 (it only must not compress)
    big = {f"share/{n}": noise[n:] for n in range(8)}
    peaks = []
    for files in ({"share/0": b"x"}, big):
        path = make_package(tmp_path, "big", files=files)
        command = [sys.executable, "-c", PEAK, str(path)]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 16 << 10, peaks
